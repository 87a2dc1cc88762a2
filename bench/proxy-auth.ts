/**
 * A small authentication server, as people write it behind `auth_request`: a cookie looked up, an address compared.
 *
 * A process of its own; it knows no hours, no second factor, no permissions. Invariant: 204 only for a cookie that it
 * knows, from a listed address; else 401 or 403. It is the least that such a server does, so that the comparison
 * flatters it, not us. A framework was refused for the same reason.
 */
import http from 'node:http'
import { BlockList } from 'node:net'

const port = Number(process.argv[2])
const people = new Map((process.argv[3] ?? '').split(',').map((sid) => [sid, { user: sid }]))
const listed = new BlockList()
for (const range of (process.argv[4] ?? '').split(',')) {
  const [address = '', prefix = ''] = range.split('/')
  listed.addSubnet(address, Number(prefix), address.includes(':') ? 'ipv6' : 'ipv4')
}

const sidOf = (cookies: string | undefined): string | null => {
  for (const pair of (cookies ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (pair.slice(0, at).trim() === 'sid') return pair.slice(at + 1).trim()
  }
  return null
}

const server = http.createServer((request, response) => {
  const sid = sidOf(request.headers.cookie)
  const person = sid === null ? undefined : people.get(sid)
  if (person === undefined) return void response.writeHead(401).end()
  const address = request.headers['x-real-ip']
  const family = typeof address === 'string' && address.includes(':') ? 'ipv6' : 'ipv4'
  if (typeof address !== 'string' || !listed.check(address, family)) return void response.writeHead(403).end()
  response.writeHead(204, { 'x-user': person.user }).end()
})
server.keepAliveTimeout = 600_000
server.listen(port, '127.0.0.1')
process.once('SIGTERM', () => process.exit())
