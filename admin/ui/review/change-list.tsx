/**
 * What a change changes, a sentence each, with people by name.
 *
 * The sentences are the API's. Invariant: a list that is empty says that nothing differs, so that an empty box never
 * stands for "nothing known".
 */
type Person = { readonly user: string; readonly name: string }

/** The API names people of scopes by their ids; whoever is known here is named. */
const named = (sentence: string, people: readonly Person[]): string =>
  people.reduce((text, { user, name }) => text.split(user).join(name), sentence)

/** The list. */
export function ChangeList(props: {
  readonly sentences: readonly string[]
  readonly people?: readonly Person[]
}) {
  const { sentences, people = [] } = props
  if (sentences.length === 0) return <p className="gh-faint">Nothing differs from what is saved.</p>
  return (
    <ul aria-label="What changes" className="gh-changes">
      {sentences.map((sentence) => (
        <li key={sentence}>{named(sentence, people)}</li>
      ))}
    </ul>
  )
}
