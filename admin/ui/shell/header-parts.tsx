/**
 * The parts of the header: brand, practice switcher, "You: address", live dot, colours, account.
 *
 * Not the state of the practice (`state-badges.tsx`). Invariant: the chip tells what the control plane sees, and
 * whether that address is listed here, whatever the control's mode.
 */
import { Menu, UnstyledButton, useMantineColorScheme } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { signOut } from '../api-client.ts'
import type { LiveState } from '../live.ts'
import { Icon, type IconName } from '../parts/icons.tsx'
import { meQuery, type PracticeOfAdmin } from '../queries.ts'

/** The name, and the way home. */
export function Brand() {
  return (
    <Link to="/" className="gh-brand" aria-label="Gatehouse, first practice">
      <span className="gh-brand-mark">
        <Icon name="gate" size={18} />
      </span>
      <span className="gh-brand-name">Gatehouse</span>
    </Link>
  )
}

/** The practices the admin may administer; the tab stays. */
export function PracticeSwitcher({ current }: { readonly current: PracticeOfAdmin | null }) {
  const { data: me } = useQuery(meQuery)
  return (
    <Menu position="bottom-start" width={260} shadow="md">
      <Menu.Target>
        <UnstyledButton
          className="gh-switcher"
          aria-label={current === null ? 'Choose a practice' : `Practice: ${current.name}`}
        >
          <span>{current?.name ?? 'Choose a practice'}</span>
          <Icon name="chevron" />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown aria-label="Practices">
        {(me?.practices ?? []).map((practice) => (
          <Menu.Item
            key={practice.id}
            component={Link}
            to={
              current === null
                ? `/practices/${practice.id}/general`
                : location.pathname.replace(`/practices/${current.id}`, `/practices/${practice.id}`)
            }
            rightSection={practice.id === current?.id ? <Icon name="check" /> : null}
          >
            {practice.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

/** "You: 203.0.113.7 ✓ allowed". */
export function AddressChip({ practice }: { readonly practice: PracticeOfAdmin | null }) {
  const { data: me } = useQuery(meQuery)
  if (me === undefined) return null
  const listed = practice?.address.listed ?? null
  const network = practice?.address.label
  return (
    <span
      className={`gh-chip ${listed === false ? 'gh-tone-warn' : listed === true ? 'gh-tone-good' : ''}`}
      title={`Seen from ${me.seenAt.sentence}`}
    >
      <span>You: </span>
      <span className="gh-numbers gh-strong">{me.seenAt.address}</span>
      {listed !== null && <span> {listed ? '✓ allowed' : '✗ not listed'}</span>}
      {listed === true && network != null && <span className="gh-wide"> ({network})</span>}
    </span>
  )
}

const liveWords: Readonly<Record<LiveState, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting …',
}

/** Whether the page follows what happens. */
export function LiveDot({ state }: { readonly state: LiveState }) {
  return (
    <span className={`gh-live gh-live-${state}`} role="status" aria-label="Connection">
      <span className="gh-live-dot" />
      {liveWords[state]}
    </span>
  )
}

const schemes: readonly {
  readonly scheme: 'light' | 'dark' | 'auto'
  readonly name: string
  readonly icon: IconName
}[] = [
  { scheme: 'light', name: 'Light', icon: 'sun' },
  { scheme: 'dark', name: 'Dark', icon: 'moon' },
  { scheme: 'auto', name: 'System', icon: 'system' },
]

/** Light, dark, or as the system has it. */
export function SchemeToggle() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const current = schemes.find(({ scheme }) => scheme === colorScheme)
  return (
    <Menu position="bottom-end" width={160} shadow="md">
      <Menu.Target>
        <UnstyledButton className="gh-icon-button" aria-label={`Colours: ${current?.name ?? 'System'}`}>
          <Icon name={current?.icon ?? 'system'} size={17} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown aria-label="Colours">
        {schemes.map(({ scheme, name, icon }) => (
          <Menu.Item
            key={scheme}
            leftSection={<Icon name={icon} />}
            rightSection={scheme === colorScheme ? <Icon name="check" /> : null}
            onClick={() => setColorScheme(scheme)}
          >
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

/** Who is signed in, and the way out. */
export function AccountMenu() {
  const { data: me } = useQuery(meQuery)
  if (me === undefined) return null
  return (
    <Menu position="bottom-end" width={220} shadow="md">
      <Menu.Target>
        <UnstyledButton className="gh-icon-button" aria-label={`Account: ${me.account.name}`}>
          <Icon name="user" size={17} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown aria-label="Account">
        <Menu.Label>
          {me.account.name} · {me.account.login}
        </Menu.Label>
        <Menu.Item component={Link} to="/account">
          My account
        </Menu.Item>
        <Menu.Item onClick={() => void signOut()}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
