/**
 * What the keys do, and the switch that turns single keys off.
 *
 * The keys are `keys.ts`'s. Invariant: every key that acts is listed here, from the same data.
 */
import { Switch } from '@mantine/core'
import { Dialog } from '../parts/confirm-dialog.tsx'
import { groupsFor } from './navigation.ts'

function Keys({ keys }: { readonly keys: readonly string[] }) {
  return (
    <span className="gh-keys">
      {keys.map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </span>
  )
}

const everywhere: readonly { readonly keys: readonly string[]; readonly does: string }[] = [
  { keys: ['/'], does: 'Find a screen, a person or a network' },
  { keys: ['Ctrl', 'K'], does: 'The same, also while typing' },
  { keys: ['?'], does: 'These shortcuts' },
  { keys: ['Esc'], does: 'Close what is open' },
]

/** The dialog. */
export function KeysDialog(props: {
  readonly isOperator: boolean
  readonly isOn: boolean
  readonly onSwitch: (isOn: boolean) => void
  readonly onClose: () => void
}) {
  const screens = groupsFor(props.isOperator)
    .flatMap((group) => group.screens)
    .filter(({ key }) => key !== undefined)
  return (
    <Dialog title="Keyboard shortcuts" onClose={props.onClose}>
      <div className="gh-key-lists">
        <dl aria-label="Everywhere">
          {everywhere.map(({ keys, does }) => (
            <div key={does}>
              <dt>
                <Keys keys={keys} />
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
        <dl aria-label="Go to a screen">
          {screens.map(({ key, name, to }) => (
            <div key={to}>
              <dt>
                <Keys keys={['g', key ?? '']} />
              </dt>
              <dd>{name}</dd>
            </div>
          ))}
        </dl>
      </div>
      <Switch
        label="Single-key shortcuts"
        description="Turn them off if speech input or another program types them by mistake. Ctrl K works either way."
        checked={props.isOn}
        onChange={(event) => props.onSwitch(event.currentTarget.checked)}
      />
    </Dialog>
  )
}
