/**
 * The recovery codes just made, to print or write down.
 *
 * Sealed break-glass codes are others (`emergency/sealed-codes.tsx`). Invariant: they are on the page this once, and not
 * gone before their reader has said that they are kept.
 */
import { KeptDialog } from '../parts/kept-secret.tsx'

/** The dialog. */
export function RecoveryCodesDialog(props: {
  readonly codes: readonly string[]
  readonly onClose: () => void
}) {
  return (
    <KeptDialog
      title="Ten recovery codes"
      kept="They are printed or written down, and kept where my phone is not"
      canPrint
      onClose={props.onClose}
    >
      <p>
        When your second factor is not at hand, type one of these in its place. Each works once; any codes you
        had before are void.
      </p>
      <ol className="gh-codes" aria-label="Recovery codes">
        {props.codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ol>
    </KeptDialog>
  )
}
