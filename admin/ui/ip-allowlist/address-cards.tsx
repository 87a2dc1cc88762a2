/**
 * "Has the office address changed?": networks that several people came from and that no entry has, each with the way to
 * list it in one step.
 *
 * What makes a card is the API's. Invariant: nothing is listed before somebody has read who came from there; a card that
 * was put aside does not come again for thirty days.
 */
import { Button, Radio, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { ConfirmationAhead } from '../parts/confirmation-ahead.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { Icon } from '../parts/icons.tsx'
import { useKept, useOpened } from '../parts/opened.ts'
import { type Extra, reasonOf } from '../parts/saving.ts'
import { tellDone } from '../parts/told.ts'
import { usePractice } from '../practice.ts'
import { topicKey } from '../queries.ts'
import { type AddressCard, addressCardsQuery } from './allowlist-queries.ts'

const routes = api.practices[':practice']['address-cards']

type CardProps = { readonly card: AddressCard; readonly onClose: () => void }

function useReload(): () => Promise<void> {
  const practice = usePractice()
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
}

const People = ({ card }: { readonly card: AddressCard }) => (
  <p className="gh-faint">
    {card.people.map(({ name }) => name).join(', ')}
    {card.count > card.people.length && ` and ${card.count - card.people.length} more`}
    {card.refused > 0 && `; ${card.refused} refused`}
  </p>
)

function AcceptDialog({ card, revision, onClose }: CardProps & { readonly revision: number }) {
  const practice = usePractice()
  const reload = useReload()
  const [replaces, setReplaces] = useState(card.replaces !== null)
  const [label, setLabel] = useState('Office Network, new address')
  const save = async (extra: Extra) => {
    const replace = replaces ? (card.replaces?.id ?? null) : null
    const saved = await parseResponse(
      routes.accept.$post({
        param: { practice: practice.id },
        header: { 'if-match': `"${revision}"` },
        json: { network: card.network, replace, label, ...extra },
      }),
    )
    followSave(`${card.network} is listed`, saved.sequence)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`List ${card.network}`}
      act="List it"
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>{card.sentence}</p>
      <People card={card} />
      {card.replaces !== null && (
        <Radio.Group
          label="How"
          value={replaces ? 'replace' : 'add'}
          onChange={(value) => setReplaces(value === 'replace')}
        >
          <Radio
            value="replace"
            label={`In place of ${card.replaces.range} in “${card.replaces.label}”, which fell silent`}
          />
          <Radio value="add" label="Beside what is listed" />
        </Radio.Group>
      )}
      {!replaces && (
        <TextInput
          label="Label"
          value={label}
          required
          maxLength={80}
          onChange={(event) => setLabel(event.currentTarget.value)}
        />
      )}
      <p className="gh-faint">
        Call the office before you list it: whoever has several stolen passwords comes from one address, too.
      </p>
      <ConfirmationAhead />
    </ConfirmDialog>
  )
}

function DismissDialog({ card, onClose }: CardProps) {
  const practice = usePractice()
  const reload = useReload()
  const save = async (extra: Extra) => {
    const param = { practice: practice.id }
    await parseResponse(routes.dismiss.$post({ param, json: { network: card.network, ...reasonOf(extra) } }))
    tellDone(`${card.network} is put aside`)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Put ${card.network} aside?`}
      act="Put aside"
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>It stays unlisted, and you are not asked about it again for thirty days.</p>
    </ConfirmDialog>
  )
}

/** The cards; nothing where there are none. */
export function AddressCards() {
  const practice = usePractice()
  const { data } = useQuery(addressCardsQuery(practice.id))
  const { name, id, key, open, close } = useOpened()
  const isAsked = name === 'list' || name === 'put-aside'
  const card = useKept(
    isAsked ? key : null,
    data?.cards.find((one) => one.network === id),
  )
  const mayEdit = practice.may('gw.ip.edit')
  if (data === undefined || data.cards.length === 0) return null
  return (
    <section className="gh-card" aria-labelledby="moved-title">
      <div className="gh-card-head">
        <Icon name="warning" />
        <h2 id="moved-title">Has the office address changed?</h2>
      </div>
      <ul className="gh-rows">
        {data.cards.map((one) => (
          <li key={one.network} className="gh-item">
            <div className="gh-item-text">
              <p>{one.sentence}</p>
              <People card={one} />
            </div>
            <Button size="xs" disabled={!mayEdit} onClick={() => open('list', one.network)}>
              List it<span className="gh-unseen"> {one.network}</span>
            </Button>
            <Button
              size="xs"
              variant="default"
              disabled={!mayEdit}
              onClick={() => open('put-aside', one.network)}
            >
              Put aside<span className="gh-unseen"> {one.network}</span>
            </Button>
          </li>
        ))}
      </ul>
      {card !== undefined && name === 'list' && (
        <AcceptDialog card={card} revision={data.revision} onClose={close} />
      )}
      {card !== undefined && name === 'put-aside' && <DismissDialog card={card} onClose={close} />}
    </section>
  )
}
