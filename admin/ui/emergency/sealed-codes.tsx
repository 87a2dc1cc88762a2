/**
 * Sealed codes of one's own account: how many are left, new ones to print, all of them void.
 *
 * Those of other accounts are made on the command line. Invariant: codes are on the page once, right after they were made;
 * making new ones voids the old, which is said before.
 */
import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { KeptDialog } from '../parts/kept-secret.tsx'
import { useOpened } from '../parts/opened.ts'
import { type Extra, reasonOf } from '../parts/saving.ts'
import { Tag } from '../parts/tag.tsx'
import { tellDone } from '../parts/told.ts'
import { meQuery } from '../queries.ts'
import { fullTime } from '../times.ts'

const route = api.me['sealed-codes']

function MakeDialog(props: {
  readonly left: number
  readonly onMade: (codes: readonly string[]) => void
  readonly onClose: () => void
}) {
  const client = useQueryClient()
  const save = async (extra: Extra) => {
    const { codes } = await parseResponse(route.$post({ json: reasonOf(extra) }))
    props.onMade(codes)
    await client.invalidateQueries({ queryKey: ['me'] })
  }
  return (
    <ConfirmDialog
      title="Make new sealed codes"
      act="Make ten codes"
      save={save}
      reload={() => void client.invalidateQueries({ queryKey: ['me'] })}
      onClose={props.onClose}
    >
      <p>
        Ten codes of your account. Typed instead of the password, each opens Security Management once, for an
        hour, from anywhere and without a second factor.
      </p>
      {props.left > 0 && (
        <p className="gh-strong">The {props.left} that are unused now become void: destroy their paper.</p>
      )}
    </ConfirmDialog>
  )
}

function VoidDialog({ left, onClose }: { readonly left: number; readonly onClose: () => void }) {
  const client = useQueryClient()
  const reload = () => client.invalidateQueries({ queryKey: ['me'] })
  const save = async (extra: Extra) => {
    const { voided } = await parseResponse(route.revoke.$post({ json: reasonOf(extra) }))
    tellDone(`${voided} sealed codes are void`)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Make all ${left} codes void?`}
      act="Make them void"
      danger
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>
        Do this at once when an envelope is opened or lost. Until you make new ones, your account gets in only
        with its password and second factor.
      </p>
    </ConfirmDialog>
  )
}

function CodesDialog({
  codes,
  onClose,
}: {
  readonly codes: readonly string[]
  readonly onClose: () => void
}) {
  const { data: me } = useQuery(meQuery)
  const [madeAt] = useState(() => Date.now())
  return (
    <KeptDialog
      title="Ten sealed codes"
      kept="They are printed or written down, and go into a sealed envelope"
      canPrint
      onClose={onClose}
    >
      <p>
        Sealed codes of {me?.account.name} ({me?.account.login}) for Security Management at {location.host},
        made {fullTime(madeAt, 'UTC')}. Type one instead of the password. Each works once; cross it out.
      </p>
      <ol className="gh-codes" aria-label="Sealed codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      <p className="gh-faint gh-not-printed">
        They are shown this once. Do not photograph them, and do not keep them on a computer that the day of
        need may take away.
      </p>
    </KeptDialog>
  )
}

/** The card. */
export function SealedCodes() {
  const { data: me } = useQuery(meQuery)
  const { name, open, close } = useOpened()
  const [codes, setCodes] = useState<readonly string[] | null>(null)
  const left = me?.sealedCodesLeft ?? null
  return (
    <section className="gh-card" aria-labelledby="codes-title">
      <div className="gh-card-head">
        <h2 id="codes-title">Your sealed codes</h2>
        {left !== null && (
          <>
            <Tag tone={left === 0 ? 'bad' : left < 4 ? 'warn' : 'good'}>{left} of 10 unused</Tag>
            {left > 0 && (
              <Button variant="default" onClick={() => open('void-codes')}>
                Make void
              </Button>
            )}
            <Button variant="default" onClick={() => open('codes')}>
              Make new ones
            </Button>
          </>
        )}
      </div>
      <p className="gh-card-text gh-faint">
        {left === null
          ? 'You come in from the application and have no codes of your own. The operator of Gatehouse makes some for an own account: gatehouse break-glass codes LOGIN.'
          : left === 0
            ? 'Whoever is the only security admin cannot begin to enforce the allowlist or the hours before there is an unused code. Make ten, print them, lock them away.'
            : 'In an envelope, in the safe. Using one mails every security admin and is a security event.'}
      </p>
      {name === 'codes' && left !== null && codes === null && (
        <MakeDialog left={left} onMade={setCodes} onClose={close} />
      )}
      {name === 'void-codes' && left !== null && left > 0 && <VoidDialog left={left} onClose={close} />}
      {codes !== null && <CodesDialog codes={codes} onClose={() => setCodes(null)} />}
    </section>
  )
}
