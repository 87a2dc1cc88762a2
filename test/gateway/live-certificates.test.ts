/**
 * Goal: each host gets its certificate, a renewed one without a restart, and a broken one never replaces a good one.
 * Method: both engines with files that the test rewrites; TLS clients that ask for hosts and look at what they are shown.
 */
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import fc from 'fast-check'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { createNameLookup } from '../../gateway/certificate-names.ts'
import { type LiveCertificates, openCertificates } from '../../gateway/live-certificates.ts'
import { configSchema } from '../../runtime/config.ts'
import { checkConfig } from '../../runtime/config-checks.ts'
import type { GatewayTls } from '../../runtime/config-gateway-tls.ts'
import { silentLog } from '../../runtime/log.ts'
import { type Certified, createAuthority, selfSigned } from '../support/certificates.ts'
import { createStage } from '../support/engine-stage.ts'
import { engines, realSchedule } from '../support/engine-stand.ts'
import { answering } from '../support/raw-http.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-live-certificates-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
/** Writes a pair under new names, or over those of before. */
const write = (
  { cert, key }: Certified,
  name = `pair-${count++}`,
): { readonly certificateFile: string; readonly keyFile: string } => {
  const [certificateFile, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
  writeFileSync(certificateFile, cert)
  writeFileSync(keyFile, key)
  return { certificateFile, keyFile }
}

const settings = (more: Partial<GatewayTls>): GatewayTls => ({
  ...configSchema.parse({ gateway: { tls: { lookMs: 3_600_000 } } }).gateway.tls,
  ...more,
})
const errors: unknown[] = []
const opened: LiveCertificates[] = []
const open = async (more: Partial<GatewayTls>): Promise<LiveCertificates> => {
  const log = { ...silentLog, error: (fields: object) => void errors.push(fields) }
  const checked = await openCertificates(settings(more), {
    ...{ handshakeMs: 2_000, schedule: realSchedule, now: Date.now, log },
  })
  if (!checked.ok || checked.value === null) throw new Error(JSON.stringify(checked))
  opened.push(checked.value)
  return checked.value
}
afterEach(() => {
  for (const live of opened.splice(0)) live.close()
  errors.splice(0)
})
/** A change is taken at the look after the one that noticed it. */
const lookTwice = async (live: LiveCertificates): Promise<void> => {
  await live.look()
  await live.look()
}

/** The names in the certificate that a client is shown; an error's code if none is. */
const shown = (port: number, servername?: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = tls.connect(
      {
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ...(servername === undefined ? {} : { servername }),
      },
      () => {
        resolve(String(socket.getPeerCertificate().subjectaltname))
        socket.destroy()
      },
    )
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)))
  })

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

describe.each(engines)('the engine "%s"', (engine) => {
  const stage = createStage(engine)
  afterEach(() => stage.end())

  test('shows each host its certificate, exact before wildcard, and the usual one to others', async () => {
    const live = await open({
      ...write(selfSigned({ names: ['usual.test'] })),
      certificates: [
        write(selfSigned({ names: ['*.clinic.test', 'clinic.test'] })),
        write(selfSigned({ names: ['records.clinic.test'] })),
      ],
    })
    await stage.raw(answering(ok), { tls: live.tls })
    const { port } = stage.stand
    expect(await shown(port, 'records.clinic.test')).toBe('DNS:records.clinic.test')
    expect(await shown(port, 'DESK.clinic.test')).toBe('DNS:*.clinic.test, DNS:clinic.test')
    expect(await shown(port, 'clinic.test')).toBe('DNS:*.clinic.test, DNS:clinic.test')
    for (const other of ['usual.test', 'a.b.clinic.test', 'unknown.test', undefined])
      expect(await shown(port, other)).toBe('DNS:usual.test')
  })

  test('hangs up on unknown names where that is asked for, and not on who names nobody', async () => {
    const live = await open({
      ...write(selfSigned({ names: ['usual.test'] })),
      ...{ certificates: [write(selfSigned({ names: ['other.test'] }))], unknownNames: 'refuse' },
    })
    await stage.raw(answering(ok), { tls: live.tls })
    const { port } = stage.stand
    expect(await shown(port, 'unknown.test')).toBe('ECONNRESET')
    expect(await shown(port, 'other.test')).toBe('DNS:other.test')
    expect(await shown(port, 'usual.test')).toBe('DNS:usual.test')
    expect(await shown(port)).toBe('DNS:usual.test')
  })

  test('takes renewed ones while it runs, and keeps the good ones', async () => {
    const usual = write(selfSigned({ names: ['one.test'] }))
    const further = write(selfSigned({ names: ['more.test', 'first.test'] }))
    const live = await open({ ...usual, certificates: [further] })
    await stage.raw(answering(ok), { tls: live.tls })
    const { port } = stage.stand
    expect(await shown(port)).toBe('DNS:one.test')

    const next = selfSigned({ names: ['two.test'], daysLeft: 9 })
    writeFileSync(usual.certificateFile, next.cert)
    // The key has not come yet.
    await lookTwice(live)
    expect(await shown(port)).toBe('DNS:one.test')
    expect(live.standings().map(({ isOutdated }) => isOutdated)).toEqual([true, false])
    expect(errors).toHaveLength(1)
    expect(JSON.stringify(errors)).toMatch(/is not the key of the first certificate/)
    await lookTwice(live)
    expect(errors).toHaveLength(1)

    writeFileSync(usual.keyFile, next.key)
    await live.look()
    expect(await shown(port)).toBe('DNS:one.test')
    await live.look()
    expect(await shown(port)).toBe('DNS:two.test')
    const [standing] = live.standings()
    expect(standing?.isOutdated).toBe(false)
    expect(Math.round((standing!.expiresAt - Date.now()) / 86_400_000)).toBe(9)

    write(
      selfSigned({ names: ['more.test', 'second.test'] }),
      further.certificateFile.slice(folder.length + 1, -4),
    )
    await lookTwice(live)
    expect(await shown(port, 'more.test')).toBe('DNS:more.test, DNS:second.test')
    expect(await shown(port, 'first.test')).toBe('DNS:two.test')
  })
})

test('nothing takes the place of a good certificate but another', async () => {
  const usual = write(selfSigned({ names: ['good.test'] }))
  const live = await open(usual)
  const { expiresAt } = live.standings()[0]!
  const wrongs = ['', 'junk', selfSigned({ names: ['good.test'], daysLeft: -1 }).cert]
  for (const wrong of wrongs) {
    writeFileSync(usual.certificateFile, wrong)
    await lookTwice(live)
    expect(live.standings()).toEqual([{ file: usual.certificateFile, expiresAt, isOutdated: true }])
  }
  const expired = selfSigned({ names: ['good.test'], daysLeft: -1 })
  writeFileSync(usual.certificateFile, expired.cert)
  writeFileSync(usual.keyFile, expired.key)
  await lookTwice(live)
  expect(JSON.stringify(errors.at(-1))).toMatch(/has run out/)
  rmSync(usual.certificateFile)
  await lookTwice(live)
  expect(errors).toHaveLength(5)
  expect(JSON.stringify(errors.at(-1))).toMatch(/cannot be read \(ENOENT\)/)
})

test('a link that is put in another’s place is noticed, as certbot and Kubernetes renew', async () => {
  const files = write(selfSigned({ names: ['before.test'] }), 'v1')
  write(selfSigned({ names: ['after.test'], daysLeft: 8 }), 'v2')
  const [certificateFile, keyFile] = [join(folder, 'live.pem'), join(folder, 'live.key')]
  symlinkSync(files.certificateFile, certificateFile)
  symlinkSync(files.keyFile, keyFile)
  const live = await open({ certificateFile, keyFile })
  for (const end of ['pem', 'key']) {
    symlinkSync(join(folder, `v2.${end}`), join(folder, `next.${end}`))
    renameSync(join(folder, `next.${end}`), join(folder, `live.${end}`))
  }
  await lookTwice(live)
  expect(Math.round((live.standings()[0]!.expiresAt - Date.now()) / 86_400_000)).toBe(8)
})

test('proxies show certificates under every name, by the authorities of now', async () => {
  const [before, after] = [createAuthority('Before'), createAuthority('After')]
  const clientCaFile = join(folder, 'proxies.pem')
  writeFileSync(clientCaFile, before.cert)
  const live = await open({
    ...write(selfSigned({ names: ['usual.test'] })),
    ...{ certificates: [write(selfSigned({ names: ['named.test'] }))], clientCaFile },
  })
  const stage = createStage('own')
  await stage.raw(answering(ok), { tls: live.tls })
  const proves = async (servername: string, certificate: Certified): Promise<readonly string[]> => {
    const { port } = stage.stand
    await new Promise<IncomingMessage>((resolve, reject) =>
      https
        .get(
          { port, host: '127.0.0.1', servername, rejectUnauthorized: false, agent: false, ...certificate },
          resolve,
        )
        .on('error', reject),
    )
    return stage.stand.seen.at(-1)!.peerNames
  }
  const [old, young] = [before.issue({ names: ['proxy.test'] }), after.issue({ names: ['proxy.test'] })]
  for (const name of ['usual.test', 'named.test']) {
    expect(await proves(name, old)).toEqual(['dns:proxy.test', 'cn:proxy.test'])
    expect(await proves(name, young)).toEqual([])
  }
  writeFileSync(clientCaFile, after.cert)
  await lookTwice(live)
  for (const name of ['usual.test', 'named.test']) {
    expect(await proves(name, young)).toEqual(['dns:proxy.test', 'cn:proxy.test'])
    expect(await proves(name, old)).toEqual([])
  }
  await stage.end()
})

test('files are looked at by the clock, from the first server on', async () => {
  const usual = write(selfSigned({ names: ['early.test'] }))
  const live = await open({ ...usual, lookMs: 10 })
  const stage = createStage('own')
  await stage.raw(answering(ok), { tls: live.tls })
  write(selfSigned({ names: ['late.test'] }), usual.certificateFile.slice(folder.length + 1, -4))
  const { port } = stage.stand
  await expect.poll(() => shown(port), { timeout: 5_000, interval: 20 }).toBe('DNS:late.test')
  await stage.end()
})

const label = fc.stringMatching(/^[a-z0-9]{1,4}$/)
test('a wildcard stands for one whole label, and nothing stands for part of a name', () => {
  fc.assert(
    fc.property(label, label, label, label, (a, b, c, d) => {
      const lookup = createNameLookup([
        { names: [`*.${b}.${c}`, `*.${c}`, `${a}*.${d}.${c}`, '*'], value: 'wild' },
        { names: [`x${a}.${b}.${c}`], value: 'exact' },
      ])
      fc.pre(d !== b)
      expect(lookup(`${a}.${b}.${c}`)).toBe('wild')
      expect(lookup(`X${a}.${b}.${c}`)).toBe('exact')
      // Neither nothing, nor two labels, nor the last label but one alone.
      for (const none of [
        `${b}.${c}`,
        `.${b}.${c}`,
        `${d}.${a}.${b}.${c}`,
        `${a}.${c}`,
        c,
        '',
        `${a}zz.${d}.${c}`,
      ])
        expect(lookup(none)).toBeNull()
    }),
    { numRuns: 200 },
  )
})

test('what is wrong from the beginning is named by its path', async () => {
  const good = write(selfSigned({ names: ['a.test'] }))
  const nameless = write(selfSigned({ names: ['10.0.0.1'] }))
  const checked = await openCertificates(
    settings({
      ...good,
      certificates: [nameless, { ...good, keyFile: join(folder, 'none.key') }],
    }),
    { handshakeMs: 1, schedule: realSchedule, now: Date.now, log: silentLog },
  )
  expect(checked).toMatchObject({
    ok: false,
    problems: [
      { path: 'gateway.tls.certificates[0].certificateFile' },
      { path: 'gateway.tls.certificates[1].keyFile' },
    ],
  })
  const lonely = configSchema.parse({ gateway: { tls: { certificates: [good] } } })
  expect(checkConfig(lonely).map(({ path }) => path)).toContain('gateway.tls.certificates')
})
