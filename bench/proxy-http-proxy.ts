/**
 * `http-proxy` as its own documentation starts it, with connections to the application kept open.
 *
 * A process of its own; it judges nothing. Invariant: none of ours is in it, so that it shows what passing requests on
 * costs in Node with the package that most people take. Its default of a new connection a request was refused: nobody
 * who measures leaves it so.
 */
import http from 'node:http'
import httpProxy from 'http-proxy'

const port = Number(process.argv[2])
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${process.argv[3]}`,
  agent,
  xfwd: true,
})
proxy.on('error', (error) => {
  process.stderr.write(`http-proxy: ${error.message}\n`)
})
const server = http.createServer((request, response) => proxy.web(request, response))
server.keepAliveTimeout = 600_000
server.listen(port, '127.0.0.1')
process.once('SIGTERM', () => process.exit())
