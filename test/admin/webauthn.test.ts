/**
 * Goal: a passkey counts only where it was made, for whom it was asked, once it has verified its person, and not copied.
 * Method: a device in software answers the options truthfully with each algorithm, then with one thing wrong at a time.
 */
import { describe, expect, it } from 'vitest'
import {
  acceptAssertion,
  acceptCreation,
  creationOptions,
  newChallenge,
  type Passkey,
  partyAt,
  passkeyAnswerMax,
  passkeyHandle,
  type RelyingParty,
  readAssertion,
  requestOptions,
} from '../../admin/webauthn.ts'
import { createSoftwareAuthenticator, type KeyKind, type Quirks } from '../support/software-authenticator.ts'

const party: RelyingParty = { name: 'Lakeside Dental', origin: 'https://portal.example:8443' }
const handle = passkeyHandle('usr_1')
const owner = { handle, login: 'maria', name: 'Maria', known: [] }

const make = async (kind: KeyKind = 'ES256', quirks: Quirks = {}) => {
  const device = createSoftwareAuthenticator(party.origin)
  const challenge = newChallenge()
  const answer = device.create(await creationOptions(party, challenge, owner), kind, quirks)
  return { device, challenge, answer, passkey: await acceptCreation(party, challenge, answer) }
}

const made = async (kind: KeyKind = 'ES256') => {
  const { device, passkey } = await make(kind)
  if (passkey === null) throw new Error('not made')
  return { device, passkey }
}

type Shown = { readonly device: ReturnType<typeof createSoftwareAuthenticator>; readonly passkey: Passkey }

const show = async ({ device, passkey }: Shown, quirks: Quirks = {}) => {
  const challenge = newChallenge()
  const assertion = readAssertion(device.show(await requestOptions(party, challenge, [passkey]), quirks))
  if (assertion === null) throw new Error('not an assertion')
  return { challenge, assertion, counter: await acceptAssertion(party, challenge, assertion, passkey) }
}

const lies: readonly (readonly [string, Quirks])[] = [
  ['another origin', { origin: 'https://portal.example' }],
  ['a look-alike host', { origin: 'https://portal.example.evil:8443' }],
  ['another relying party', { rpId: 'example' }],
  ['nobody present', { flags: 4 }],
  ['nobody verified', { flags: 1 }],
  ['a frame of another origin', { framed: true }],
]

describe('making a passkey', () => {
  it.each(['ES256', 'EdDSA', 'RS256'] as const)('makes one with %s, and shows it', async (kind) => {
    const one = await made(kind)
    expect(one.passkey).toMatchObject({ counter: 1, transports: ['internal', 'hybrid'], synced: false })
    expect((await show(one)).counter).toBe(2)
  })

  it('asks for a verified person, no attestation, an opaque handle, and not for what they have', async () => {
    const { passkey } = await made()
    const options = JSON.parse(await creationOptions(party, newChallenge(), { ...owner, known: [passkey] }))
    expect(options).toMatchObject({
      rp: { id: 'portal.example', name: 'Lakeside Dental' },
      user: { id: handle, name: 'maria', displayName: 'Maria' },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
      excludeCredentials: [{ id: passkey.id }],
    })
    expect(options.pubKeyCredParams.map(({ alg }: { alg: number }) => alg)).toEqual([-7, -8, -257])
    expect(handle).not.toContain('usr_1')
  })

  it.each([...lies, ['the other ceremony', { type: 'webauthn.get' }] as const])(
    'refuses %s',
    async (_, lie) => {
      expect((await make('ES256', lie)).passkey).toBeNull()
    },
  )

  it('refuses a statement with a certificate before anything looks into it', async () => {
    expect((await make('ES256', { certified: true })).passkey).toBeNull()
  })

  it('refuses an answer to another challenge, and what is no answer', async () => {
    const { answer } = await make()
    expect(await acceptCreation(party, newChallenge(), answer)).toBeNull()
    const challenge = newChallenge()
    for (const text of ['', '{', 'null', '[]', '{"id":"a"}', ' '.repeat(passkeyAnswerMax + 1)])
      expect(await acceptCreation(party, challenge, text)).toBeNull()
  })
})

describe('showing a passkey', () => {
  it.each([
    ...lies,
    ['the other ceremony', { type: 'webauthn.create' }] as const,
    ['a signature of another key', { strangeKey: true }] as const,
    ['a counter that stood still', { counter: 1 }] as const,
    ['a counter that went back', { counter: 0 }] as const,
  ])('refuses %s', async (_, lie) => {
    expect((await show(await made(), lie)).counter).toBeNull()
  })

  it('takes devices that do not count', async () => {
    const { device, passkey } = await made()
    const still = { device, passkey: { ...passkey, counter: 0 } }
    expect((await show(still, { counter: 0 })).counter).toBe(0)
  })

  it('refuses an answer to another challenge, and one by another passkey', async () => {
    const one = await made()
    const { assertion } = await show(one)
    expect(await acceptAssertion(party, newChallenge(), assertion, one.passkey)).toBeNull()
    const other = await made()
    const { challenge, assertion: second } = await show(one)
    expect(await acceptAssertion(party, challenge, second, other.passkey)).toBeNull()
  })

  it('asks whoever has one, and says by the handle who it is', async () => {
    const { device, passkey } = await made()
    const challenge = newChallenge()
    const options = await requestOptions(party, challenge, 'anyone')
    expect(JSON.parse(options)).not.toHaveProperty('allowCredentials')
    const assertion = readAssertion(device.show(options))
    expect(assertion).toMatchObject({ handle, id: passkey.id })
    expect(assertion && (await acceptAssertion(party, challenge, assertion, passkey))).toBe(2)
  })

  it('reads no answer of another form', () => {
    for (const text of ['', '{', 'null', '{"id":"a","type":"public-key"}'])
      expect(readAssertion(text)).toBeNull()
  })
})

describe('where browsers make passkeys', () => {
  it.each([
    ['https://portal.example', true],
    ['https://portal.example:8443', true],
    ['http://localhost:8081', true],
    ['http://portal.localhost:8081', true],
    ['http://portal.example', false],
    ['https://127.0.0.1:8081', false],
    ['http://127.0.0.1:8081', false],
    ['https://[::1]:8081', false],
  ])('%s: %s', (origin, possible) => {
    expect(partyAt(origin) !== null).toBe(possible)
  })
})
