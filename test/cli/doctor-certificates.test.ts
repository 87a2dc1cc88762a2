/**
 * Goal: the doctor says of each certificate file what a gateway would make of it, and which host none carries.
 * Method: files with one thing wrong, and one configuration with all of them.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { certificateFileFindings } from '../../cli/doctor-certificates.ts'
import { configSchema } from '../../runtime/config.ts'
import { type Certified, selfSigned } from '../support/certificates.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-certificates-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let count = 0
const write = ({ cert, key }: Certified) => {
  const name = join(folder, `pair-${count++}`)
  writeFileSync(`${name}.pem`, cert)
  writeFileSync(`${name}.key`, key)
  return { certificateFile: `${name}.pem`, keyFile: `${name}.key` }
}
const configOf = (tls: object, hosts: readonly string[] = ['*']) =>
  configSchema.parse({
    gateway: { tls },
    upstreams: [{ id: 'app', name: 'App', url: 'http://127.0.0.1:3000', hosts }],
  })

test('nothing is said where gateways speak no TLS', () => {
  expect(certificateFileFindings(configOf({}), Date.now())).toEqual([])
})

test('good files are said to be, with their names and their end, and hosts are looked for in them', () => {
  const usual = write(selfSigned({ names: ['usual.test'], daysLeft: 60 }))
  const further = write(selfSigned({ names: ['*.clinic.test'], daysLeft: 60 }))
  const hosts = ['usual.test:8443', 'desk.clinic.test', 'a.desk.clinic.test', '*']
  const found = certificateFileFindings(configOf({ ...usual, certificates: [further] }, hosts), Date.now())
  expect(found.map(({ check, state }) => [check, state])).toEqual([
    ['gateway.tls', 'ok'],
    ['gateway.tls.certificates[0]', 'ok'],
    ['certificate for a.desk.clinic.test', 'warn'],
  ])
  expect(found[1]?.what).toMatch(/^until \d{4}-\d\d-\d\d, for \*\.clinic\.test$/)
})

test('what runs out, has run out or does not fit is named', () => {
  const soon = write(selfSigned({ names: ['a.test'], daysLeft: 9 }))
  const over = write(selfSigned({ names: ['b.test'], daysLeft: -1 }))
  const other = { ...soon, keyFile: over.keyFile }
  const found = certificateFileFindings(
    configOf({ ...soon, clientCaFile: join(folder, 'none.pem'), certificates: [over, other] }),
    Date.now(),
  )
  expect(found.map(({ check, state }) => [check, state])).toEqual([
    ['gateway.tls', 'warn'],
    ['gateway.tls.certificates[0]', 'fail'],
    ['gateway.tls.certificates[1].keyFile', 'fail'],
    ['gateway.tls.clientCaFile', 'fail'],
  ])
  expect(found[2]?.what).toMatch(/is not the key of the first certificate/)
})
