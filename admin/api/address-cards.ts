/**
 * Answers of "Has the office IP changed?": the cards, one click to list a network, and to be left alone about one.
 *
 * What makes a card is `ip-list/address-cards.ts`. Invariant: only a network of a present card is accepted here, so that
 * the click does what the card said; anything else is an entry to write by hand.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { IpEntry } from '../../policies/document.ts'
import { momentText } from '../../policies/timetable-zone.ts'
import { newToken } from '../../runtime/token.ts'
import { type AddressCard, dismissAddressCard, listAddressCards } from '../ip-list/address-cards.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { addressCardRoutes } from './contract/address-cards.ts'
import { saveWish } from './edits.ts'
import { etagOf } from './paging.ts'
import { refusal } from './refusals.ts'

const shownMax = 20

const sentenceOf = ({ people, network, lastAt, refused }: AddressCard, zone: string): string => {
  const names = people.slice(0, 3).map(({ name }) => name)
  const more = people.length - names.length
  const who = more === 0 ? names.join(', ') : `${names.join(', ')} and ${more} more`
  const outcome = refused === 0 ? '' : ` ${refused} of them were refused.`
  return `${who} came from ${network}, which is on no list, last at ${momentText(zone, lastAt).slice(-5)}.${outcome} Has the office's address changed?`
}

async function readCards(plane: ApiPlane, practice: string) {
  const view = await plane.views.read(practice)
  const at = plane.now()
  const { members } = await plane.views.people(practice)
  const cards = await plane.store.read((rows) => listAddressCards(rows, view.snapshot, members, at))
  return { view, cards }
}

async function cardOf(plane: ApiPlane, practice: string, network: string): Promise<AddressCard> {
  const { cards } = await readCards(plane, practice)
  const card = cards.find((one) => one.network === network)
  if (card === undefined) throw refusal('not-found', 'There is no such card any more.')
  return card
}

/** Adds the answers. */
export function answerAddressCards(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(addressCardRoutes.list, async (c) => {
    const { view, cards } = await readCards(plane, c.req.valid('param').practice)
    c.header('etag', etagOf(view.revision))
    return c.json(
      {
        revision: view.revision,
        cards: cards.map((card) => ({
          ...card,
          people: card.people.slice(0, shownMax),
          count: card.people.length,
          sentence: sentenceOf(card, view.document.practice.zone),
        })),
      },
      200,
    )
  })
  app.openapi(addressCardRoutes.accept, async (c) => {
    const { practice } = c.req.valid('param')
    const { network, replace, label, confirmPracticeName, reason } = c.req.valid('json')
    await cardOf(plane, practice, network)
    const deed = deedOf(c, plane, reason)
    const { document } = await plane.views.read(practice)
    const replaced = document.ipEntries.find(({ id }) => id === replace)
    if (replace !== null && replaced === undefined) throw refusal('not-found', 'There is no such entry.')
    const added: IpEntry = {
      ...{ id: `ipe_${newToken().slice(0, 16)}`, range: network, label, audience: 'practice', on: true },
      ...{ expiresAt: null, note: '', createdBy: deed.actor.name, createdAt: deed.at },
    }
    const { revision, sequence } = await saveWish(c, plane, {
      practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: replaced === undefined ? 'ip-entry.added' : 'ip-entry.changed',
      target: { kind: 'ip-entry', id: (replaced ?? added).id, name: (replaced ?? added).label },
      confirmPracticeName,
      reason,
      change: (current) => ({
        ...current,
        ipEntries:
          replaced === undefined
            ? [...current.ipEntries, added]
            : current.ipEntries.map((one) => (one.id === replaced.id ? { ...one, range: network } : one)),
      }),
    })
    return c.json({ revision, sequence }, 200)
  })
  app.openapi(addressCardRoutes.dismiss, async (c) => {
    const { practice } = c.req.valid('param')
    const { network, reason } = c.req.valid('json')
    await cardOf(plane, practice, network)
    await dismissAddressCard(plane.store, { practice, network, deed: deedOf(c, plane, reason) })
    return c.json({ dismissed: true as const }, 200)
  })
}
