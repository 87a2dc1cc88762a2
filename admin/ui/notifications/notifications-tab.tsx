/**
 * Notifications: who of the practice is told of what, by mail and by which webhook; a test of each; how webhooks fared.
 *
 * Where webhooks go, and their secrets, is configuration. Invariant: nothing is saved before Save is pressed; somebody
 * else's change in between is shown, not overwritten.
 */
import { Button, Checkbox, Group, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { tell } from '../parts/follow-save.tsx'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { type Extra, reasonOf, useSaving } from '../parts/saving.ts'
import { Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { tellDone, tellFailed } from '../parts/told.ts'
import { usePractice } from '../practice.ts'
import { topicKey } from '../queries.ts'
import { DeliveriesCard } from './deliveries-card.tsx'
import { type Notifications, notificationsQuery, type Topic } from './notification-queries.ts'
import { topicWords } from './topic-words.ts'

const routes = api.practices[':practice'].notifications

/** The columns of the table: mail, and each webhook by name. `null`: mail. */
type Channel = string | null

const chosenOf = (data: Notifications): ReadonlySet<string> =>
  new Set([
    ...data.settings.mail.map((topic) => `mail ${topic}`),
    ...data.settings.webhooks.flatMap(({ name, topics }) => topics.map((topic) => `${name}/ ${topic}`)),
  ])
// A webhook may be called "mail": its key has a mark that no name has.
const keyOf = (channel: Channel, topic: Topic): string =>
  `${channel === null ? 'mail' : `${channel}/`} ${topic}`

function TestButton({ channel }: { readonly channel: Channel }) {
  const practice = usePractice()
  const client = useQueryClient()
  const [isBusy, setBusy] = useState(false)
  const name = channel ?? 'mail'
  const test = async () => {
    setBusy(true)
    try {
      const param = { practice: practice.id }
      const { to } = await parseResponse(routes.test.$post({ param, json: { webhook: channel } }))
      tellDone('A test is on its way', `To ${to}.`)
      await client.invalidateQueries({ queryKey: topicKey(practice.id, 'webhook-deliveries') })
    } catch (error) {
      tellFailed(error)
    }
    setBusy(false)
  }
  return (
    <Button
      size="xs"
      variant="default"
      loading={isBusy}
      disabled={!practice.may('gw.security.settings.edit')}
      onClick={() => void test()}
    >
      Test {name}
    </Button>
  )
}

type MatrixProps = {
  readonly data: Notifications
  readonly chosen: ReadonlySet<string>
  readonly isDisabled: boolean
  readonly turn: (key: string) => void
}

function Matrix({ data, chosen, isDisabled, turn }: MatrixProps) {
  const channels: readonly Channel[] = [null, ...data.webhooks]
  return (
    <div className="gh-scroll-x">
      <table className="gh-table">
        <thead>
          <tr>
            <th scope="col">What happened</th>
            {channels.map((channel) => (
              <th key={channel ?? ''} scope="col">
                {channel ?? 'Mail'}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.topics.map((topic) => (
            <tr key={topic}>
              <th scope="row" data-label="What happened">
                <span>{topicWords[topic].name}</span>
                <span className="gh-sub">{topicWords[topic].mail}</span>
              </th>
              {channels.map((channel) => (
                <td key={channel ?? ''} data-label={channel ?? 'Mail'}>
                  <Checkbox
                    aria-label={`${topicWords[topic].name}, by ${channel ?? 'mail'}`}
                    checked={chosen.has(keyOf(channel, topic))}
                    disabled={isDisabled}
                    onChange={() => turn(keyOf(channel, topic))}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** A choice under way: which boxes are ticked, and saving them over the version they were read from. */
function useChoice(data: Notifications) {
  const practice = usePractice()
  const client = useQueryClient()
  const [chosen, setChosen] = useState(() => chosenOf(data))
  const reload = () => client.invalidateQueries({ queryKey: topicKey(practice.id, 'notifications') })
  const put = (version: number, json: Notifications['settings'] & Extra) =>
    parseResponse(
      routes.$put({
        param: { practice: practice.id },
        header: { 'if-match': `"${version}"` },
        json: {
          ...json,
          mail: [...json.mail],
          webhooks: json.webhooks.map(({ name, topics }) => ({ name, topics: [...topics] })),
        },
      }),
    )
  const topicsOf = (channel: Channel) => data.topics.filter((topic) => chosen.has(keyOf(channel, topic)))
  const saving = useSaving(async (extra: Extra) => {
    // What names a webhook that is not configured any more is left out: the API would refuse it.
    const webhooks = data.webhooks
      .map((name) => ({ name, topics: topicsOf(name) }))
      .filter(({ topics }) => topics.length > 0)
    const saved = await put(data.version, { mail: topicsOf(null), webhooks, ...reasonOf(extra) })
    tell('Who is told is saved', '', async () => {
      await put(saved.version, data.settings)
      await reload()
    })
    await reload()
  })
  const turn = (key: string) =>
    setChosen((now) =>
      now.has(key) ? new Set([...now].filter((one) => one !== key)) : new Set([...now, key]),
    )
  const before = chosenOf(data)
  const isChanged = before.size !== chosen.size || [...before].some((key) => !chosen.has(key))
  return { chosen, turn, saving, reload, isChanged, undo: () => setChosen(before) }
}

function Choice({ data }: { readonly data: Notifications }) {
  const practice = usePractice()
  const mayEdit = practice.may('gw.security.settings.edit')
  const { chosen, turn, saving, reload, isChanged, undo } = useChoice(data)
  const gone = data.settings.webhooks.map(({ name }) => name).filter((name) => !data.webhooks.includes(name))
  return (
    <section className="gh-card" aria-labelledby="choice-title">
      <div className="gh-card-head">
        <h2 id="choice-title">Who is told of what</h2>
        {!data.mailGoesOut && <Tag tone="warn">mail is off</Tag>}
      </div>
      <p className="gh-card-text gh-faint">
        {data.mailGoesOut
          ? 'Mail goes to who is concerned: reviewers, security admins, or the person who asked.'
          : 'The operator has mail switched off (notifications.mail): whatever is ticked below, none goes out.'}{' '}
        {data.webhooks.length === 0
          ? 'No webhook is configured. The operator adds them under notifications.webhooks, each with its address and a secret of its own.'
          : 'Addresses and secrets of webhooks are in the configuration and are not shown here.'}
        {gone.length > 0 && ` “${gone.join('”, “')}” is chosen but not configured any more; saving drops it.`}
      </p>
      <Matrix data={data} chosen={chosen} isDisabled={!mayEdit} turn={turn} />
      <div className="gh-item">
        <p className="gh-faint">A test goes to your own address, or by the webhook, whatever is ticked.</p>
        <span className="gh-tags">
          {[null, ...data.webhooks].map((channel) => (
            <TestButton key={channel ?? ''} channel={channel} />
          ))}
        </span>
      </div>
      {isChanged && (
        <form
          className="gh-form gh-card-form"
          onSubmit={(event) => {
            event.preventDefault()
            void saving.run()
          }}
        >
          <TextInput
            label="Reason"
            description="Optional; kept in the security events."
            maxLength={500}
            value={saving.reason}
            onChange={(event) => saving.setReason(event.currentTarget.value)}
          />
          {saving.problem !== null && (
            <ProblemNotice
              problem={saving.problem}
              typedName={saving.typedName}
              onTypeName={saving.setTypedName}
              onReload={() => void reload()}
            />
          )}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={undo}>
              Undo
            </Button>
            <Button type="submit" loading={saving.isBusy}>
              Save
            </Button>
          </Group>
        </form>
      )}
    </section>
  )
}

/** The tab. */
export function NotificationsTab() {
  const practice = usePractice()
  const found = useQuery(notificationsQuery(practice.id))
  return (
    <>
      <div className="gh-page-head">
        <h1>Notifications</h1>
        <p>Who is told when somebody asks for access or a change is taken back, and by which way.</p>
      </div>
      {found.isPending ? (
        <Loading rows={4} label="Loading the notifications" />
      ) : found.isError ? (
        <Failed error={found.error} again={found.refetch} />
      ) : (
        <Choice key={found.data.version} data={found.data} />
      )}
      <DeliveriesCard />
    </>
  )
}
