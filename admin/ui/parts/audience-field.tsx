/**
 * Chooses whom something serves: the whole practice, a role, or one person.
 *
 * It saves nothing. Invariant: the value is one plain text (`practice`, `role:…`, `user:…`), so that a form can compare
 * and keep it; people are offered by name, of the first 500.
 */
import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { usePractice } from '../practice.ts'
import { type Audience, peopleQuery, rolesQuery } from '../queries.ts'

/** An audience as the value of an option. */
export const audienceText = (audience: Audience): string =>
  audience === 'practice'
    ? 'practice'
    : 'role' in audience
      ? `role:${audience.role}`
      : `user:${audience.user}`

/** The audience that the value of an option stands for. */
export const audienceOf = (text: string): Audience => {
  if (text.startsWith('role:')) return { role: text.slice(5) }
  return text.startsWith('user:') ? { user: text.slice(5) } : 'practice'
}

/** The field; `everybody`: what the option of the whole practice is called. */
export function AudienceField(props: {
  readonly label?: string
  readonly description: string
  readonly everybody?: string
  readonly value: string
  readonly error?: string | null
  readonly onChange: (value: string) => void
}) {
  const practice = usePractice()
  const { data: roles } = useQuery(rolesQuery(practice.id))
  const { data: people } = useQuery(peopleQuery(practice.id))
  return (
    <NativeSelect
      label={props.label ?? 'Audience'}
      description={props.description}
      value={props.value}
      error={props.error ?? null}
      onChange={(event) => props.onChange(event.currentTarget.value)}
    >
      <option value="practice">{props.everybody ?? 'Whole practice'}</option>
      <optgroup label="Everyone with the role">
        {(roles?.roles ?? []).map(({ id, name }) => (
          <option key={id} value={`role:${id}`}>
            {name}
          </option>
        ))}
      </optgroup>
      <optgroup label="One person">
        {(people?.members ?? []).map(({ user, name }) => (
          <option key={user} value={`user:${user}`}>
            {name}
          </option>
        ))}
      </optgroup>
    </NativeSelect>
  )
}
