/**
 * Where a permission is really held back, in a word: on routes, by Gatehouse itself, or by no gateway at all.
 *
 * It judges nothing. Invariant: the good tone stands only where a gateway or Gatehouse refuses; a permission about a part
 * of a page or a kind of client, or one that no route asks for, never gets it.
 */
import { Tag, type Tone } from '../parts/tag.tsx'
import type { Permission, RouteTable } from './roles-queries.ts'

type Words = { readonly word: string; readonly tone: Tone; readonly meaning: string }

/** How many routes ask for each permission. */
export function routesPerPermission(table: RouteTable | undefined): ReadonlyMap<string, number> | null {
  if (table === undefined) return null
  const counts = new Map<string, number>()
  for (const { any, all } of table.routes)
    for (const id of new Set([...any, ...all])) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}

function wordsOf(at: Permission['enforceableAt'], routes: number): Words {
  if (at === 'gatehouse')
    return { word: 'By Gatehouse', tone: 'good', meaning: 'Gatehouse asks for it itself, in this console.' }
  if (at === 'field')
    return {
      word: 'Part of a page',
      tone: 'neutral',
      meaning: 'Only the application can hold back a part of a page; no gateway enforces this.',
    }
  if (at === 'client')
    return {
      word: 'Kind of client',
      tone: 'neutral',
      meaning: 'Only the application can tell kinds of clients apart; no gateway enforces this.',
    }
  if (routes === 0)
    return {
      word: 'No route asks',
      tone: 'neutral',
      meaning: 'No route of the configuration asks for it yet, so no gateway refuses anything for it.',
    }
  return {
    word: routes === 1 ? 'On 1 route' : `On ${routes} routes`,
    tone: 'good',
    meaning: 'Gateways refuse these routes to whoever lacks it.',
  }
}

/** The word; nothing until the route table is known. */
export function Enforcement(props: {
  readonly at: Permission['enforceableAt']
  readonly routes: number | null
}) {
  if (props.routes === null) return null
  const { word, tone, meaning } = wordsOf(props.at, props.routes)
  return (
    <span title={meaning} className="gh-nowrap">
      <Tag tone={tone}>{word}</Tag>
    </span>
  )
}
