/**
 * Around every screen of a practice: header, navigation, banners, keys, and the practice for what is inside.
 *
 * The parts of the header are `header-parts.tsx`, the screens `navigation.ts`. Invariant: a practice that the admin holds
 * no permission in looks exactly like one that there is not.
 */
import { UnstyledButton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Outlet, useNavigate, useParams } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from 'react'
import { useLive } from '../live.ts'
import { Icon } from '../parts/icons.tsx'
import { Blank, Loading } from '../parts/states.tsx'
import { PracticeContext } from '../practice.ts'
import { retiredQuery } from '../practices/practice-queries.ts'
import { meQuery, type PracticeOfAdmin } from '../queries.ts'
import { ConfirmationBanner } from './confirmation-banner.tsx'
import { EmergencyBanner } from './emergency-banner.tsx'
import { AccountMenu, AddressChip, Brand, LiveDot, PracticeSwitcher, SchemeToggle } from './header-parts.tsx'
import { useKeys, useSingleKeys } from './keys.ts'
import type { ScreenPath } from './navigation.ts'
import { Sidebar } from './sidebar.tsx'
import { StateBadges } from './state-badges.tsx'

const SearchDialog = lazy(() =>
  import('./search-dialog.tsx').then((file) => ({ default: file.SearchDialog })),
)
const RetiredPractice = lazy(() =>
  import('./retired-practice.tsx').then((file) => ({ default: file.RetiredPractice })),
)
const KeysDialog = lazy(() => import('./keys-dialog.tsx').then((file) => ({ default: file.KeysDialog })))

type Open = 'search' | 'keys' | null

function MenuButton({ isOpen, onPress }: { readonly isOpen: boolean; readonly onPress: () => void }) {
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (!isOpen) return
    const pressed = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return
      onPress()
      button.current?.focus()
    }
    document.addEventListener('keydown', pressed)
    return () => document.removeEventListener('keydown', pressed)
  }, [isOpen, onPress])
  return (
    <UnstyledButton
      ref={button}
      className="gh-icon-button gh-menu-button"
      aria-label="Menu"
      aria-expanded={isOpen}
      aria-controls="navigation"
      onClick={onPress}
    >
      <Icon name={isOpen ? 'cross' : 'menu'} size={18} />
    </UnstyledButton>
  )
}

function Header(props: {
  readonly practice: PracticeOfAdmin | null
  readonly id: string
  readonly isMenuOpen: boolean
  readonly onMenu: () => void
  readonly onOpen: (what: Open) => void
}) {
  const { practice, id } = props
  const live = useLive(practice === null ? null : id)
  return (
    <header className="gh-header">
      {practice !== null && <MenuButton isOpen={props.isMenuOpen} onPress={props.onMenu} />}
      <Brand />
      <PracticeSwitcher current={practice} />
      {practice !== null && (
        <UnstyledButton className="gh-find" aria-label="Find" onClick={() => props.onOpen('search')}>
          <Icon name="search" />
          <span className="gh-find-word">Find</span>
          <kbd>/</kbd>
        </UnstyledButton>
      )}
      <div className="gh-header-end">
        {practice !== null && <StateBadges practice={practice.id} />}
        {practice !== null && <LiveDot state={live} />}
        <AddressChip practice={practice} />
        <span className="gh-header-buttons">
          {practice !== null && (
            <UnstyledButton
              className="gh-icon-button gh-keys-button"
              aria-label="Keyboard shortcuts"
              onClick={() => props.onOpen('keys')}
            >
              <Icon name="keyboard" size={17} />
            </UnstyledButton>
          )}
          <SchemeToggle />
          <AccountMenu />
        </span>
      </div>
    </header>
  )
}

function useShellKeys(id: string, onOpen: (what: Open) => void) {
  const navigate = useNavigate()
  const [isOn, setOn] = useSingleKeys()
  const find = useCallback(() => onOpen('search'), [onOpen])
  const explain = useCallback(() => onOpen('keys'), [onOpen])
  const go = useCallback((to: ScreenPath) => void navigate({ to, params: { practice: id } }), [navigate, id])
  useKeys(isOn, { find, explain, go })
  return { isOn, setOn }
}

/** Where there is no such practice: for operators it may be one that was retired. */
function Absent({ id }: { readonly id: string }) {
  const { data: me } = useQuery(meQuery)
  const retired = useQuery({ ...retiredQuery, enabled: me?.operator === true })
  const found = retired.data?.practices.find((one) => one.id === id)
  if (retired.isFetching && found === undefined) return <Loading rows={6} />
  if (found !== undefined)
    return (
      <Suspense fallback={<Loading rows={6} />}>
        <RetiredPractice retired={found} elsewhere={me?.practices[0]?.id ?? null} />
      </Suspense>
    )
  return (
    <Blank icon="shield" title="You may not administer this practice" role="alert">
      There is no practice “{id}”, or you hold no permission in it. Choose another one above.
    </Blank>
  )
}

function Screens({ practice }: { readonly practice: PracticeOfAdmin | null }) {
  const { practice: id } = useParams({ from: '/practices/$practice' })
  return (
    <main className="gh-main" id="content" tabIndex={-1}>
      {practice === null ? (
        <Absent id={id} />
      ) : (
        <PracticeContext value={practice}>
          <EmergencyBanner />
          <ConfirmationBanner key={id} />
          <Suspense fallback={<Loading rows={6} />}>
            <Outlet key={id} />
          </Suspense>
        </PracticeContext>
      )}
    </main>
  )
}

/** The shell. */
export function PracticeShell() {
  const { practice: id } = useParams({ from: '/practices/$practice' })
  const { data: me } = useQuery(meQuery)
  const [isMenuOpen, setMenuOpen] = useState(false)
  const [open, setOpen] = useState<Open>(null)
  const keys = useShellKeys(id, setOpen)
  const practice = me?.practices.find((one) => one.id === id) ?? null
  const turnMenu = useCallback(() => setMenuOpen((was) => !was), [])
  useEffect(() => {
    document.title = practice === null ? 'Gatehouse' : `${practice.name} · Gatehouse`
  }, [practice])
  const isOperator = me?.operator === true
  const close = () => setOpen(null)
  return (
    <>
      <a className="gh-skip" href="#content">
        Skip to content
      </a>
      <Header practice={practice} id={id} isMenuOpen={isMenuOpen} onMenu={turnMenu} onOpen={setOpen} />
      <div className="gh-shell">
        {practice !== null && (
          <Sidebar practice={practice} isOpen={isMenuOpen} onChoose={() => setMenuOpen(false)} />
        )}
        <Screens practice={practice} />
      </div>
      {practice !== null && open !== null && (
        <Suspense>
          {open === 'search' ? (
            <SearchDialog practice={practice} isOperator={isOperator} onClose={close} />
          ) : (
            <KeysDialog isOperator={isOperator} isOn={keys.isOn} onSwitch={keys.setOn} onClose={close} />
          )}
        </Suspense>
      )}
    </>
  )
}
