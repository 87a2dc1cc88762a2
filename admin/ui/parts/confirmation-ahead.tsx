/**
 * What a review says of commit-confirm before anything is saved: that it falls back unless somebody confirms it.
 *
 * Whether a save really waits the control plane says (`shell/confirmation-banner.tsx`). Invariant: nobody learns of the
 * ten minutes only once they run.
 */

/** The sentence. */
export const ConfirmationAhead = () => (
  <p className="gh-faint">
    What can refuse somebody holds for 10 minutes, then falls back by itself unless it is confirmed from where
    the new policy lets you in.
  </p>
)
