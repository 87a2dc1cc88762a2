/**
 * One member in full: who they are, where else they belong, what they hold, and everything that can be done with them.
 *
 * Their sessions are Active users', their permissions Roles & permissions'. Invariant: which member and what is asked about
 * them is in the address; of practices that the reading admin may not see only the number is told.
 */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, linkOptions } from '@tanstack/react-router'
import { Drawer } from '../parts/drawer.tsx'
import { factorName } from '../parts/factor-words.ts'
import { useKept, useOpened } from '../parts/opened.ts'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import type { Member, Role } from '../queries.ts'
import { RolesDialog, SuspendDialog } from './member-dialogs.tsx'
import { otherPracticesText, RoleTags } from './member-table.tsx'
import { PasswordLinkDialog } from './password-link-dialog.tsx'
import { EditPersonDialog, RemovePersonDialog } from './person-dialogs.tsx'
import { memberQuery } from './users-queries.ts'

const acts = ['edit', 'roles', 'suspension', 'password', 'remove'] as const
type Act = (typeof acts)[number]

function Facts({ member, roles }: { readonly member: Member; readonly roles: readonly Role[] }) {
  const elsewhere = otherPracticesText(member)
  return (
    <dl className="gh-drawer-facts">
      <dt>Sign-in name</dt>
      <dd>{member.login}</dd>
      <dt>E-mail</dt>
      <dd>{member.email ?? <span className="gh-faint">none: they are told of nothing by mail</span>}</dd>
      <dt>Roles</dt>
      <dd>
        <RoleTags member={member} roles={roles} />
      </dd>
      <dt>Practices</dt>
      <dd>{elsewhere === '' ? 'this one only' : elsewhere}</dd>
      <dt>Second factors</dt>
      <dd>
        {member.factors.length === 0 ? (
          <span className="gh-faint">none</span>
        ) : (
          member.factors.map(factorName).join(', ')
        )}
      </dd>
      <dt>Sessions now</dt>
      <dd className="gh-numbers">{member.sessions}</dd>
    </dl>
  )
}

function Links({ member }: { readonly member: Member }) {
  const params = { practice: usePractice().id }
  const text = { text: member.login }
  const person = { view: 'person', user: member.user } as const
  const links = [
    ['What they may do, and why', linkOptions({ to: '/practices/$practice/roles', params, search: person })],
    ['Their sessions', linkOptions({ to: '/practices/$practice/active-users', params, search: text })],
    ['Their second factor', linkOptions({ to: '/practices/$practice/two-factor', params, search: text })],
    [
      'What they changed',
      linkOptions({ to: '/practices/$practice/security-events', params, search: { actor: member.login } }),
    ],
  ] as const
  return (
    <ul className="gh-drawer-links" aria-label="More about them">
      {links.map(([words, options]) => (
        <li key={words}>
          <Link {...options} className="gh-link">
            {words}
          </Link>
        </li>
      ))}
    </ul>
  )
}

function Acts({ member, onAct }: { readonly member: Member; readonly onAct: (act: Act) => void }) {
  const disabled = !usePractice().may('gw.users.edit')
  return (
    <div className="gh-drawer-acts">
      <Button variant="default" disabled={disabled} onClick={() => onAct('edit')}>
        Edit
      </Button>
      <Button variant="default" disabled={disabled} onClick={() => onAct('roles')}>
        Change roles
      </Button>
      <Button variant="default" disabled={disabled} onClick={() => onAct('password')}>
        Password link
      </Button>
      <Button variant="default" disabled={disabled} onClick={() => onAct('suspension')}>
        {member.suspended ? 'Let rejoin' : 'Suspend'}
      </Button>
      <Button variant="subtle" color="red" disabled={disabled} onClick={() => onAct('remove')}>
        Remove
      </Button>
    </div>
  )
}

type Opened = { readonly member: Member; readonly version: number; readonly roles: readonly Role[] }

function Dialogs(
  props: Opened & { readonly act: Act; readonly onClose: () => void; readonly onGone: () => void },
) {
  const { act, member, version, roles, onClose, onGone } = props
  switch (act) {
    case 'edit':
      return <EditPersonDialog member={member} version={version} onClose={onClose} />
    case 'roles':
      return <RolesDialog member={member} version={version} roles={roles} onClose={onClose} />
    case 'suspension':
      return <SuspendDialog member={member} version={version} onClose={onClose} />
    case 'password':
      return <PasswordLinkDialog member={member} onClose={onClose} />
    case 'remove':
      return <RemovePersonDialog member={member} version={version} onClose={onClose} onGone={onGone} />
  }
}

/** The drawer of `user`. */
export function MemberDrawer(props: {
  readonly user: string
  readonly roles: readonly Role[]
  readonly onClose: () => void
}) {
  const { user, roles, onClose } = props
  const practice = usePractice()
  const found = useQuery(memberQuery(practice.id, user))
  const { name, id, open, close } = useOpened()
  const act = id === '' ? acts.find((one) => one === name) : undefined
  const member = found.data?.members[0]
  // Who is removed is not found any more while the dialog still says so.
  const asked = useKept(act ?? null, member)
  return (
    <>
      <Drawer
        title={member?.name ?? 'Member'}
        isCovered={act !== undefined && asked !== undefined}
        onClose={onClose}
      >
        {found.isError && <Failed error={found.error} again={found.refetch} />}
        {found.isPending && <Loading rows={4} label="Loading the member" />}
        {found.isSuccess && member === undefined && (
          <Blank icon="user" title="Nobody here is called that">
            They were removed from this practice, or the address is mistyped.
          </Blank>
        )}
        {member !== undefined && (
          <>
            <Facts member={member} roles={roles} />
            <Acts member={member} onAct={open} />
            <Links member={member} />
          </>
        )}
      </Drawer>
      {act !== undefined && asked !== undefined && (
        <Dialogs
          {...{ act, member: asked, roles }}
          version={found.data?.version ?? 0}
          onClose={close}
          onGone={onClose}
        />
      )}
    </>
  )
}
