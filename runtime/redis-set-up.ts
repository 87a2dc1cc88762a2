/**
 * What is wrong with how a Redis is set up, read from its `INFO`: eviction, memory, persistence, role, version.
 *
 * Pure; nothing here asks Redis. Invariant: what is not told is a complaint, never passed for fine. Redis is not the record
 * (PostgreSQL is), so a Redis that keeps nothing over a restart works; one that drops keys, or stops taking writes, does not.
 */

/** A complaint. `isGrave`: gateways would refuse or forget; else it only costs at a restart, or soon. */
export type SetUpComplaint = {
  readonly isGrave: boolean
  readonly sentence: string
  readonly advice: string
}

const infoField = (info: string, field: string): string | undefined =>
  info
    .split(/\r?\n/)
    .find((line) => line.startsWith(`${field}:`))
    ?.slice(field.length + 1)
    .trim()

const grave = (sentence: string, advice: string): SetUpComplaint => ({ isGrave: true, sentence, advice })
const mild = (sentence: string, advice: string): SetUpComplaint => ({ isGrave: false, sentence, advice })

/** From so much of `maxmemory` on it is nearly full. */
const fullFrom = 0.8

function evictionComplaints(info: string): readonly SetUpComplaint[] {
  const policy = infoField(info, 'maxmemory_policy')
  if (policy === undefined)
    return [
      grave(
        'Redis does not tell its maxmemory-policy.',
        'Make sure that it is noeviction, in the settings of whoever hosts it.',
      ),
    ]
  if (policy !== 'noeviction')
    return [
      grave(
        `Redis may drop sessions when it is full: its maxmemory-policy is ${policy}.`,
        '`CONFIG SET maxmemory-policy noeviction`, and write it into its configuration.',
      ),
    ]
  const [used, max] = [Number(infoField(info, 'used_memory')), Number(infoField(info, 'maxmemory'))]
  if (!(max > 0) || !(used / max >= fullFrom)) return []
  const percent = Math.floor((used / max) * 100)
  return [
    mild(
      `Redis has used ${percent} % of its maxmemory; a full one takes no writes, and staff are then refused.`,
      'Raise maxmemory, or find out what else is kept there.',
    ),
  ]
}

function persistenceComplaints(info: string): readonly SetUpComplaint[] {
  const complaints: SetUpComplaint[] = []
  const failed = [
    ...(infoField(info, 'rdb_last_bgsave_status') === 'err' ? ['snapshot'] : []),
    ...(infoField(info, 'aof_last_write_status') === 'err' ? ['append-only file'] : []),
  ]
  for (const what of failed)
    complaints.push(
      grave(
        `Redis could not write its ${what} to disk; while it cannot, it takes no writes, and staff are refused.`,
        'Make room on its disk, or mend the rights of its folder; its log says which.',
      ),
    )
  const appends = infoField(info, 'aof_enabled')
  if (appends === undefined && info !== '')
    complaints.push(
      mild('Redis does not tell whether it keeps what it has.', 'Look whether appendonly is on there.'),
    )
  if (appends === '0')
    complaints.push(
      mild(
        'appendonly is off: a restart loses held sign-ins, counts of tries and reports on their way. The rest is filled in again from PostgreSQL.',
        '`CONFIG SET appendonly yes` with appendfsync everysec, and write both into its configuration.',
      ),
    )
  return complaints
}

/** How the planes find it. */
export type FoundBy = 'one' | 'sentinels' | 'cluster'

/** Another kind of server than it is configured as. */
function kindComplaints(info: string, foundBy: FoundBy): readonly SetUpComplaint[] {
  const mode = infoField(info, 'redis_mode')
  if (mode === 'sentinel')
    return [
      grave(
        'This is a Sentinel and keeps nothing.',
        'Name it under hotStore.sentinels, with hotStore.masterName.',
      ),
    ]
  if (mode === 'cluster' && foundBy !== 'cluster')
    return [
      grave(
        'This Redis is a node of a Cluster: it refuses most keys.',
        'Name it and its neighbours under hotStore.cluster instead.',
      ),
    ]
  return []
}

/** A primary that another may take over from. What it takes after it was cut off is lost, and who asks it meanwhile is behind. */
function failoverComplaints(info: string, foundBy: FoundBy): readonly SetUpComplaint[] {
  if (foundBy === 'one' || info === '') return []
  const complaints: SetUpComplaint[] = []
  if (!(Number(infoField(info, 'connected_slaves')) > 0))
    complaints.push(
      mild(
        'A primary has no replica now: nothing can take over from it.',
        'Start its replica again, or look at its log.',
      ),
    )
  // Told by Redis only where both settings are on.
  if (foundBy === 'sentinels' && infoField(info, 'min_slaves_good_slaves') === undefined)
    complaints.push(
      mild(
        'The primary takes writes without any replica: cut off from the others, it goes on for gateways on its side.',
        '`CONFIG SET min-replicas-to-write 1` and min-replicas-max-lag 3 on every one of them, and in their configuration.',
      ),
    )
  return complaints
}

function serverComplaints(info: string): readonly SetUpComplaint[] {
  const complaints: SetUpComplaint[] = []
  const [major = 0, minor = 0] = (infoField(info, 'redis_version') ?? '0').split('.').map(Number)
  if (info !== '' && (major < 6 || (major === 6 && minor < 2)))
    complaints.push(
      grave('Redis is older than 6.2: GETDEL is missing.', 'Run Redis 6.2 or newer, or Valkey.'),
    )
  if (infoField(info, 'role') === 'slave')
    complaints.push(
      grave('This Redis is a replica: it takes no writes.', 'Let hotStore.url name the primary.'),
    )
  return complaints
}

/**
 * What is wrong, the worst first, each thing once; `infos`: what `INFO` answered, of every primary, empty where it may not be
 * asked.
 */
export function complaintsOf(infos: readonly string[], foundBy: FoundBy = 'one'): readonly SetUpComplaint[] {
  const all = infos.flatMap((info) => [
    ...kindComplaints(info, foundBy),
    ...serverComplaints(info),
    ...evictionComplaints(info),
    ...persistenceComplaints(info),
    ...failoverComplaints(info, foundBy),
  ])
  const once = all.filter(({ sentence }, at) => all.findIndex((other) => other.sentence === sentence) === at)
  return [...once.filter(({ isGrave }) => isGrave), ...once.filter(({ isGrave }) => !isGrave)]
}
