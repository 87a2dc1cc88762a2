/**
 * What whoever is no operator sees in the place of an operators' screen.
 *
 * It guards nothing: the API does. Invariant: nothing of other practices or accounts is asked for before this is known.
 */
import { Blank } from './states.tsx'

/** The sentence. */
export const OperatorsOnly = () => (
  <Blank icon="shield" title="Only operators see this" role="alert">
    It is for own accounts that look after every practice. An operator of this Gatehouse can do what you need,
    or make you one.
  </Blank>
)
