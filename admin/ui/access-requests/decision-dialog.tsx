/**
 * Decides a request after a look: approve for whom, from which network and how long one likes; deny with a note; take an
 * approval back.
 *
 * The practice's standard time and a plain no need no dialog (`request-acts.tsx`). Invariant: what an approval covers is
 * said before it is given, more of it the wider it is; the note is marked as what the person will read.
 */
import { NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { Icon } from '../parts/icons.tsx'
import type { Extra } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import type { ShownProblem } from '../problem.ts'
import { type AccessRequest, rolesQuery } from '../queries.ts'
import { type Approval, useDecisions } from './decisions.ts'
import { LengthField, lengthOf, standardLength } from './length-field.tsx'

/** A decision that can be reviewed; `share`: an approval that is offered for the whole practice. */
export type Act = 'approve' | 'share' | 'deny' | 'withdraw'
/** Asks for its review. `problem`: the refusal of a one-click decision that led here. */
export type Ask = (act: Act, request: AccessRequest, problem?: ShownProblem) => void

/** A decision to be reviewed. */
export type Asked = {
  readonly act: Act
  readonly request: AccessRequest
  readonly problem: ShownProblem | null
}

const toBeRead = {
  label: 'Note',
  description: 'Optional; shown to the person and kept in the security events.',
}

/** What an approval gives, in one sentence. */
export const coverage = ({ kind, network, user }: AccessRequest): string =>
  kind === 'ip'
    ? `${user.name} may come from ${network}. Nobody else may, and no other control is lifted for them.`
    : `${user.name} may come at any hour. Nobody else may, and no other control is lifted for them.`

type AskedProps = {
  readonly asked: Asked
  readonly standardMs: number
  readonly onClose: () => void
}

/** For whom and from where; only addresses can be given to more than one person. */
function WiderFields(props: {
  readonly request: AccessRequest
  readonly audience: string
  readonly network: string
  readonly label: string
  readonly set: (field: 'audience' | 'network' | 'label', value: string) => void
}) {
  const { request, audience, set } = props
  const practice = usePractice()
  const { data } = useQuery(rolesQuery(practice.id))
  const mayList = practice.may('gw.ip.edit')
  return (
    <>
      <div className="gh-pair">
        <NativeSelect
          label="For whom"
          description={
            mayList ? 'Who may come from there.' : 'More than one person needs the permission gw.ip.edit.'
          }
          value={audience}
          onChange={(event) => set('audience', event.currentTarget.value)}
        >
          <option value="user">{request.user.name} alone</option>
          {mayList && (
            <>
              <option value="practice">The whole practice</option>
              <optgroup label="Everyone with the role">
                {(data?.roles ?? []).map(({ id, name }) => (
                  <option key={id} value={`role:${id}`}>
                    {name}
                  </option>
                ))}
              </optgroup>
            </>
          )}
        </NativeSelect>
        <TextInput
          label="Network"
          description={`Any around ${request.address}.`}
          required
          value={props.network}
          onChange={(event) => set('network', event.currentTarget.value)}
        />
      </div>
      {audience !== 'user' && (
        <>
          <TextInput
            label="Label"
            description="What the network is called in the IP allowlist."
            required
            maxLength={80}
            value={props.label}
            onChange={(event) => set('label', event.currentTarget.value)}
          />
          <p className="gh-answer gh-tone-warn">
            <Icon name="network" />
            <span>
              This becomes an entry of the IP allowlist: others come in from there without asking. It stays
              until its time is over or somebody removes it.
            </span>
          </p>
        </>
      )}
    </>
  )
}

function ApproveDialog({ asked, standardMs, onClose }: AskedProps) {
  const { request } = asked
  const { approve, renew } = useDecisions()
  const [length, setLength] = useState(standardLength)
  const [wide, setWide] = useState({
    audience: asked.act === 'share' ? 'practice' : 'user',
    network: request.network,
    label: `Network of ${request.user.name}`.slice(0, 80),
  })
  const isIp = request.kind === 'ip'
  const isAlone = wide.audience === 'user' && wide.network.trim() === request.network
  const save = async ({ reason = '', confirmPracticeName }: Extra) => {
    const approval: Approval = {
      durationMs: lengthOf(length),
      note: reason,
      ...(isIp && wide.network.trim() !== request.network ? { network: wide.network.trim() } : {}),
      ...(!isIp || wide.audience === 'user'
        ? {}
        : {
            audience: wide.audience === 'practice' ? ('practice' as const) : { role: wide.audience.slice(5) },
            label: wide.label.trim(),
          }),
      ...(confirmPracticeName === undefined ? {} : { confirmPracticeName }),
    }
    await approve(request, approval)
  }
  return (
    <ConfirmDialog
      title={`Approve the request of ${request.user.name}`}
      act="Approve"
      reasonField={toBeRead}
      firstProblem={asked.problem}
      save={save}
      reload={() => void renew()}
      onClose={onClose}
    >
      {request.reason !== '' && <p className="gh-quote">“{request.reason}”</p>}
      <LengthField chosen={length} standardMs={standardMs} set={setLength} />
      {isIp && (
        <WiderFields
          request={request}
          {...wide}
          set={(field, value) => setWide((now) => ({ ...now, [field]: value }))}
        />
      )}
      {isAlone ? (
        <p>{coverage(request)}</p>
      ) : (
        wide.audience === 'user' && (
          <p>
            {request.user.name} may come from anywhere in {wide.network}. Nobody else may.
          </p>
        )
      )}
    </ConfirmDialog>
  )
}

function DenyDialog({ asked, onClose }: AskedProps) {
  const { request } = asked
  const { deny, renew } = useDecisions()
  return (
    <ConfirmDialog
      title={`Deny the request of ${request.user.name}`}
      act="Deny"
      danger
      reasonField={toBeRead}
      firstProblem={asked.problem}
      save={({ reason = '' }) => deny(request, reason)}
      reload={() => void renew()}
      onClose={onClose}
    >
      <p>They see that it was denied, with your note, and may ask again after a while.</p>
    </ConfirmDialog>
  )
}

function TakeBackDialog({ asked, onClose }: AskedProps) {
  const { id, user, entry } = asked.request
  const { takeBack, renew } = useDecisions()
  return (
    <ConfirmDialog
      title={`Take back the approval of ${user.name}?`}
      act="Take back"
      danger
      save={({ reason }) => takeBack(id, user.name, reason)}
      reload={() => void renew()}
      onClose={onClose}
    >
      <p>
        {entry === null
          ? 'From their next request on they come in only where others may as well.'
          : 'Its entry goes from the IP allowlist: from the next request on nobody comes in by it.'}
      </p>
    </ConfirmDialog>
  )
}

const dialogs = {
  approve: ApproveDialog,
  share: ApproveDialog,
  deny: DenyDialog,
  withdraw: TakeBackDialog,
} as const

/** The dialog; draw it while it is open. */
export function DecisionDialog(props: AskedProps) {
  const Chosen = dialogs[props.asked.act]
  return <Chosen {...props} />
}
