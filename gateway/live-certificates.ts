/**
 * The gateway's certificates while it runs: by server name, and taken anew when their files change.
 *
 * It reads and checks none itself (`listener-tls.ts`). Invariant: there is always a pair that fits: what cannot be read,
 * does not fit or has run out replaces nothing, and says so once for each change and in a metric for as long as it lasts.
 * A change is taken once it has stood still for a whole look, since a certificate and its key are not replaced in one step.
 * `fs.watch` was refused: it is silent on network file systems and loses a link that is put in another's place, which
 * is how certbot and Kubernetes renew.
 */
import { stat } from 'node:fs/promises'
import { createSecureContext, type SecureContext, type Server } from 'node:tls'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { Checked, Problem } from '../policies/problem.ts'
import type { GatewayTls } from '../runtime/config-gateway-tls.ts'
import type { Log } from '../runtime/log.ts'
import { createNameLookup } from './certificate-names.ts'
import type { Schedule } from './exchanges.ts'
import {
  type ListenerTls,
  listenerTlsOf,
  type Pair,
  type PairFiles,
  readAuthorities,
  readPair,
} from './listener-tls.ts'

/** A certificate as operators see it. */
export type CertificateStanding = {
  readonly file: string
  readonly expiresAt: Instant
  /** The file holds something else that could not be taken. */
  readonly isOutdated: boolean
}

/** Certificates in use. */
export type LiveCertificates = {
  readonly tls: ListenerTls
  standings(): readonly CertificateStanding[]
  /** Looks at the files once; resolves when what has changed is in use. */
  look(): Promise<void>
  /** Looks no more. */
  close(): void
}

/** What they need besides configuration. */
export type LiveCertificatesParts = {
  /** How long a handshake may take. */
  readonly handshakeMs: DurationMs
  readonly schedule: Schedule
  readonly now: () => Instant
  readonly log: Log
}

/** Something that is read from files, and read again. */
type Source<T> = {
  readonly files: readonly string[]
  readonly read: () => Checked<T>
  value: T
  /** How the files looked when it was taken, when it was refused, and at the last look. */
  taken: string
  refused: string | null
  seen: string
}

/** How a file looks from outside; links are followed. */
const lookAt = async (file: string): Promise<string> => {
  try {
    const { ino, size, mtimeNs } = await stat(file, { bigint: true })
    return `${ino} ${size} ${mtimeNs}`
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  }
}

const lookAtAll = async (files: readonly string[]): Promise<string> =>
  (await Promise.all(files.map(lookAt))).join(' / ')

/** Looks before it reads, so that no change falls between the two. */
const openSource = async <T>(
  files: readonly string[],
  read: () => Checked<T>,
  readAgain = read,
): Promise<Checked<Source<T>>> => {
  const seen = await lookAtAll(files)
  const first = read()
  return first.ok
    ? { ok: true, value: { files, read: readAgain, value: first.value, taken: seen, refused: null, seen } }
    : first
}

/** Reads it again if it has changed and stands still now; answers what came of that, `null`: nothing was tried. */
const lookAgain = async <T>(source: Source<T>): Promise<Checked<T> | null> => {
  const before = source.seen
  source.seen = await lookAtAll(source.files)
  if (source.seen === source.taken) source.refused = null
  if (source.seen === source.taken || source.seen === source.refused || source.seen !== before) return null
  const checked = source.read()
  if (checked.ok) {
    source.value = checked.value
    source.taken = source.seen
    source.refused = null
  } else source.refused = source.seen
  return checked
}

type State = {
  readonly parts: LiveCertificatesParts
  readonly unknownNames: GatewayTls['unknownNames']
  readonly pairs: readonly Source<Pair>[]
  readonly authorities: Source<readonly string[]> | null
  readonly servers: Set<Server>
  /** The contexts in use, by name. */
  find: (name: string) => SecureContext | null
}

const optionsOf = ({ parts, authorities }: State, pair: Pair): ListenerTls =>
  listenerTlsOf(pair, authorities?.value ?? null, parts.handshakeMs)

/** Puts into use what is known now. */
const use = (state: State): void => {
  state.find = createNameLookup(
    state.pairs.map(({ value }) => ({
      names: value.hostNames,
      value: createSecureContext(optionsOf(state, value)),
    })),
  )
  const [usual] = state.pairs
  if (usual === undefined) return
  for (const server of state.servers) server.setSecureContext(optionsOf(state, usual.value))
}

const look = async (state: State): Promise<void> => {
  const { log } = state.parts
  let isChanged = false
  for (const source of [...state.pairs, ...(state.authorities === null ? [] : [state.authorities])]) {
    const checked = await lookAgain<unknown>(source as Source<unknown>)
    if (checked === null) continue
    const { files } = source
    if (checked.ok) log.info({ files }, 'changed certificates are in use')
    else {
      const { problems } = checked
      log.error({ files, problems }, 'changed certificates cannot be used; the ones of before stay in use')
    }
    isChanged ||= checked.ok
  }
  if (isChanged) use(state)
}

const openPair = (files: PairFiles, path: string, isUsual: boolean, now: () => Instant) => {
  const at = `${path}.certificateFile`
  const problem = (sentence: string): Checked<Pair> => ({ ok: false, problems: [{ path: at, sentence }] })
  const read = (): Checked<Pair> => {
    const checked = readPair(files, path)
    return checked.ok && !isUsual && checked.value.hostNames.length === 0
      ? problem(`${files.certificateFile} carries no host name (subjectAltName): nobody would be shown it`)
      : checked
  }
  return openSource([files.certificateFile, files.keyFile], read, () => {
    const checked = read()
    // At a start one that has run out is better than nothing; in the place of another it is worse.
    return checked.ok && checked.value.expiresAt <= now()
      ? problem(`${files.certificateFile} holds a certificate that has run out`)
      : checked
  })
}

const openPairs = async (
  { certificateFile, keyFile, certificates }: GatewayTls,
  now: () => Instant,
): Promise<{ readonly pairs: readonly Source<Pair>[]; readonly problems: readonly Problem[] }> => {
  const usual = certificateFile === null || keyFile === null ? [] : [{ certificateFile, keyFile }]
  const opened = await Promise.all([
    ...usual.map((files) => openPair(files, 'gateway.tls', true, now)),
    ...certificates.map((files, at) => openPair(files, `gateway.tls.certificates[${at}]`, false, now)),
  ])
  return {
    pairs: opened.flatMap((pair) => (pair.ok ? [pair.value] : [])),
    problems: opened.flatMap((pair) => (pair.ok ? [] : pair.problems)),
  }
}

const createSniCallback =
  (state: State): NonNullable<ListenerTls['SNICallback']> =>
  (name, done) => {
    const context = state.find(name)
    if (context !== null) done(null, context)
    else if (state.unknownNames === 'refuse') done(new Error('nobody here answers to that name'))
    else done(null)
  }

/**
 * The certificates that `gateway.tls` names, `null` where it names none; or every Problem of its files. Looks at them
 * every `tls.lookMs` from the first server on.
 */
export async function openCertificates(
  tls: GatewayTls,
  parts: LiveCertificatesParts,
): Promise<Checked<LiveCertificates | null>> {
  const { clientCaFile } = tls
  const { pairs, problems } = await openPairs(tls, parts.now)
  const authorities =
    clientCaFile === null ? null : await openSource([clientCaFile], () => readAuthorities(clientCaFile))
  const all = [...problems, ...(authorities === null || authorities.ok ? [] : authorities.problems)]
  if (all.length > 0 || authorities?.ok === false) return { ok: false, problems: all }
  const [usual] = pairs
  if (usual === undefined) return { ok: true, value: null }
  const state: State = {
    ...{ parts, pairs, unknownNames: tls.unknownNames, servers: new Set<Server>(), find: () => null },
    authorities: authorities?.value ?? null,
  }
  use(state)
  let isClosed = false
  let cancel: (() => void) | null = null
  const lookLater = (): void => {
    cancel = parts.schedule(() => void turn(), tls.lookMs)
  }
  const turn = async (): Promise<void> => {
    try {
      await look(state)
    } catch (error) {
      parts.log.error({ error }, 'certificates could not be looked at')
    }
    if (!isClosed) lookLater()
  }
  return {
    ok: true,
    value: {
      tls: {
        ...optionsOf(state, usual.value),
        SNICallback: createSniCallback(state),
        adopt(server) {
          state.servers.add(server)
          if (cancel === null && !isClosed) lookLater()
        },
      },
      standings: () =>
        pairs.map(({ files, value, refused }) => ({
          file: files[0] ?? '',
          expiresAt: value.expiresAt,
          isOutdated: refused !== null,
        })),
      look: () => look(state),
      close() {
        isClosed = true
        cancel?.()
      },
    },
  }
}
