/**
 * The report of gaps: of whom something is missing, by what is missing, with what to do about it, and as a file.
 *
 * It changes nothing; making the file is an event. Invariant: only people who have to have a second factor are in it, and
 * where there are more than are shown that is said.
 */
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { DownloadButton } from '../parts/download-button.tsx'
import { factorName } from '../parts/factor-words.ts'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import type { FactorStatus } from '../queries.ts'
import { gaps, gapWords } from './gap-words.ts'
import { askReport, gapsQuery } from './two-factor-queries.ts'

function Person({ person }: { readonly person: FactorStatus }) {
  const { id } = usePractice()
  return (
    <li className="gh-gap-person">
      <Link
        to="/practices/$practice/two-factor"
        params={{ practice: id }}
        search={{ text: person.login }}
        className="gh-link"
      >
        {person.name}
      </Link>
      <span className="gh-faint">
        {person.methods.length === 0 ? 'no method' : person.methods.map(factorName).join(', ')}
        {person.deadline !== null && (
          <>
            {' · '}due <When at={person.deadline} as="date" />
          </>
        )}
      </span>
    </li>
  )
}

function Found({ people, total }: { readonly people: readonly FactorStatus[]; readonly total: number }) {
  if (total === 0)
    return (
      <Blank icon="check" title="No gaps">
        Everyone who has to show a second factor has one set up, with another way in if they lose it.
      </Blank>
    )
  return (
    <>
      {gaps.map((gap) => {
        const missing = people.filter((person) => person.gaps.includes(gap))
        const { name, tone, todo } = gapWords[gap]
        if (missing.length === 0) return null
        return (
          <div key={gap} className="gh-gap">
            <h3 className="gh-card-title">
              <Tag tone={tone}>{name}</Tag>{' '}
              <span className="gh-faint gh-numbers">
                {missing.length === 1 ? '1 person' : `${missing.length} people`}
              </span>
            </h3>
            <p className="gh-faint">{todo}</p>
            <ul className="gh-plain-list" aria-label={name}>
              {missing.map((person) => (
                <Person key={person.user} person={person} />
              ))}
            </ul>
          </div>
        )
      })}
      {people.length < total && (
        <p className="gh-faint gh-card-foot gh-numbers">
          The first {people.length} of {total} people; the file has all.
        </p>
      )}
    </>
  )
}

/** The view. */
export function GapsView() {
  const { id } = usePractice()
  const found = useQuery(gapsQuery(id))
  return (
    <section className="gh-card" aria-labelledby="gaps-title">
      <div className="gh-card-head">
        <h2 id="gaps-title">Gaps</h2>
        <DownloadButton
          label="Report as CSV"
          name={`${id}-two-factor-gaps.csv`}
          ask={() => askReport(id, 'csv', { gaps: 'true' })}
        />
        <DownloadButton
          label="Report as JSON"
          name={`${id}-two-factor-gaps.json`}
          ask={() => askReport(id, 'json', { gaps: 'true' })}
        />
      </div>
      {found.isPending && <Loading rows={4} label="Loading the gaps" />}
      {found.isError && <Failed error={found.error} again={found.refetch} />}
      {found.isSuccess && <Found people={found.data.people} total={found.data.total} />}
    </section>
  )
}
