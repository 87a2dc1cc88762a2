/**
 * The people of a practice as the tabs ask for them: read from the database once per members version.
 *
 * It changes nobody. Invariant: whatever changes somebody raises the members version in the same transaction (gateways
 * live by it), so that what was read under a version is never older than it. Grants end by the clock and are looked at
 * each time. Asking the database each time was refused: it takes thousands of rows to show a hundred.
 */
import type { Member } from '../../policies/access-request.ts'
import type { Instant } from '../../policies/instant.ts'
import { createKept } from '../kept.ts'
import type { Store } from '../store/database.ts'
import { readMembers, readMembersVersion } from '../store/members.ts'
import { refusal } from './refusals.ts'

/** Everybody of a practice, in order of their names; `byId` for asking after one. */
export type People = {
  readonly version: number
  readonly members: readonly Member[]
  readonly byId: ReadonlyMap<string, Member>
}

const nameOrder = new Intl.Collator('en')

const peopleOf = (version: number, members: readonly Member[]): People => ({
  version,
  members,
  byId: new Map(members.map((member) => [member.user, member])),
})

/** The same without what is over. */
function current(people: People, at: Instant): People {
  const isOver = ({ endsAt }: Member['grants'][number]): boolean => endsAt <= at
  if (!people.members.some(({ grants }) => grants.some(isOver))) return people
  return peopleOf(
    people.version,
    people.members.map((member) => ({
      ...member,
      grants: member.grants.filter((grant) => !isOver(grant)),
    })),
  )
}

/** Reads people; keeps 1,000 practices and 200,000 people at most. */
export function createPeople(store: Store, now: () => Instant): (practice: string) => Promise<People> {
  const kept = createKept<People>({
    ...{ countMax: 1_000, weightMax: 200_000 },
    weightOf: ({ members }) => members.length,
  })
  return async (practice) => {
    const at = now()
    const version = await store.read((rows) => readMembersVersion(rows, practice))
    if (version === null) throw refusal('not-found', 'There is no such practice.')
    const known = kept.find(practice)
    if (known?.version === version) return current(known, at)
    const read = await store.read((rows) => readMembers(rows, practice, at))
    const members = (read?.members ?? []).toSorted((a, b) => nameOrder.compare(a.name, b.name))
    const people = peopleOf(read?.version ?? version, members)
    kept.keep(practice, people)
    return people
  }
}
