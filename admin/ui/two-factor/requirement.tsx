/**
 * The requirement in words: whom it concerns, how long they have, how long a second factor counts, what weakens it.
 *
 * It changes nothing (the switch's review does). Invariant: everything that softens the control is shown here, so that
 * "Enforce" is never read as more than it is.
 */
import { useQuery } from '@tanstack/react-query'
import { scopeSentence } from '../parts/scope-words.ts'
import { Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import { type General, rolesQuery } from '../queries.ts'
import { lengthText } from '../times.ts'

const weakenings = ({
  notFromListedNetworks,
  trust,
}: General['controls']['twoFactor']): readonly string[] => [
  ...(notFromListedNetworks ? ['none asked on listed networks'] : []),
  ...(trust.app ? ["the application's own is accepted"] : []),
  ...(trust.google ? ["Google's is accepted"] : []),
]

/** The lines. */
export function Requirement({ general }: { readonly general: General }) {
  const practice = usePractice()
  const { data } = useQuery(rolesQuery(practice.id))
  const { twoFactor } = general.controls
  const people = general.named.map(({ user, name }) => ({ id: user, name }))
  const weak = weakenings(twoFactor)
  return (
    <dl className="gh-facts">
      <div>
        <dt>{twoFactor.mode === 'enforce' ? 'Required for' : 'Once enforced, required for'}</dt>
        <dd>{scopeSentence(twoFactor.scope, data?.roles ?? [], people)}</dd>
      </div>
      <div>
        <dt>Time to set one up</dt>
        <dd>{twoFactor.graceMs === 0 ? 'none, at the next sign-in' : lengthText(twoFactor.graceMs)}</dd>
      </div>
      <div>
        <dt>Asked again</dt>
        <dd>
          {twoFactor.maxAgeMs === null
            ? 'only at the next sign-in'
            : `after ${lengthText(twoFactor.maxAgeMs)}`}
        </dd>
      </div>
      {weak.length > 0 && (
        <div>
          <dt>Weakened by</dt>
          <dd className="gh-tags">
            {weak.map((words) => (
              <Tag key={words} tone="warn">
                {words}
              </Tag>
            ))}
          </dd>
        </div>
      )}
    </dl>
  )
}
