// Goal: uploads are counted and digested byte for byte however they are cut, and the archive is always the same.
// Method: real multipart requests, a property over random cuts, and digests made here.

import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readBoundary, readUpload } from '../../demo/multipart.ts'
import { openDemo, signedIn } from './desk-visits.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

function multipart(boundary: string, file: Uint8Array, name = 'x-ray.png'): Buffer {
  return Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\nupper left\r\n`),
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n`),
    Buffer.from('Content-Type: image/png\r\n\r\n'),
    file,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
}

async function* inPieces(body: Buffer, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0
  for (const cut of [...cuts].map((at) => at % (body.length + 1)).sort((a, b) => a - b)) {
    yield body.subarray(from, cut)
    from = Math.max(from, cut)
  }
  yield body.subarray(from)
}

test('an upload is answered with its size and digest, and filed in the chart', async () => {
  const demo = await openDemo()
  const client = await signedIn(demo, 'helen')
  const file = Buffer.alloc(3_000_001, 'pixel\r\n--pan')
  const answer = await client.post('/patients/p-1004/files', {
    body: multipart('----desk', file),
    headers: { 'content-type': 'multipart/form-data; boundary=----desk' },
  })
  expect([answer.status, answer.json()]).toEqual([200, { bytes: file.length, sha256: sha256(file) }])
  expect((await client.get('/patients/p-1004')).text).toContain('x-ray.png')
})

test('however a body is cut, the same file is read', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .array(fc.constantFrom('\r\n', '--', 'edge', '\r', '-', 'a'))
      .map((parts) => Buffer.from(parts.join('|'))),
  )
  await fc.assert(
    fc.asyncProperty(bytes, fc.array(fc.nat(), { maxLength: 12 }), async (file, cuts) => {
      const whole = Buffer.from(file)
      fc.pre(!whole.includes('\r\n--edge'))
      const reading = await readUpload(inPieces(multipart('edge', whole), cuts), 'edge', 10_000)
      expect(reading).toEqual({ name: 'x-ray.png', bytes: whole.length, sha256: sha256(whole) })
    }),
    { numRuns: 200 },
  )
})

test('what is no upload is told apart', async () => {
  const read = (text: string, max = 1000) => readUpload(inPieces(Buffer.from(text), []), 'edge', max)
  expect(await read('')).toBe('malformed')
  expect(await read('--edge\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\ncut')).toBe(
    'malformed',
  )
  expect(await read('--edgeX')).toBe('malformed')
  expect(await read('--edge\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--edge--')).toBe(
    'no-file',
  )
  expect(await read(multipart('edge', Buffer.alloc(2000)).toString(), 1000)).toBe('too-large')
  expect(readBoundary('multipart/form-data; boundary="a b"')).toBe('a b')
  expect(readBoundary('application/json')).toBeNull()
})

test('uploads that cannot be are refused', async () => {
  const demo = await openDemo()
  const client = await signedIn(demo, 'helen')
  const type = { 'content-type': 'multipart/form-data; boundary=edge' }
  const post = async (path: string, headers: Record<string, string>, body = 'x') =>
    (await client.post(path, { body, headers })).status
  expect(await post('/patients/p-1004/files', type)).toBe(400)
  expect(await post('/patients/p-1004/files', { 'content-type': 'text/plain' })).toBe(415)
  expect(await post('/patients/p-2001/files', type)).toBe(404)
})

test('the archive is exactly 5 MiB and the same in every run', async () => {
  const demo = await openDemo()
  const client = await signedIn(demo, 'helen')
  const answer = await client.get('/files/xray-archive.bin')
  expect(answer.headers['content-length']).toBe('5242880')
  expect(answer.body.length).toBe(5 * 1024 * 1024)
  expect(sha256(answer.body)).toMatchInlineSnapshot(
    `"a7769beda4a13573b0425400efd9fee638673c093f58c992dcd93d70d411647d"`,
  )
  const [first, second] = [answer.body.subarray(0, 4096), answer.body.subarray(4096, 8192)]
  expect(first.equals(second)).toBe(false)
})

test('notes are removed once, and patients are found by part of their name', async () => {
  const demo = await openDemo()
  const client = await signedIn(demo, 'fiona')
  const remove = () => client.send('/api/patients/p-1001/notes/p-1001-n1', { method: 'DELETE' })
  expect((await remove()).status).toBe(204)
  expect((await remove()).status).toBe(404)
  const found = (await client.get('/api/patients?search=NGUY')).json() as { patients: { name: string }[] }
  expect(found.patients.map(({ name }) => name)).toEqual(['Paula Nguyen'])
})
