/**
 * Answers to questions about an address: is it listed, for whom, and which one do I come from.
 *
 * It changes nothing. Invariant: whether somebody would pass is asked of the gates (`policy-views.ts`), and what is
 * said names the entry that lets them in or that there is none.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { networkOf, parseAddress, rangeText } from '../../policies/address.ts'
import type { IpEntry } from '../../policies/document.ts'
import type { AdminEnv } from './admin-env.ts'
import type { ApiPlane } from './api-plane.ts'
import { ipAllowlistRoutes } from './contract/ip-allowlist.ts'
import { listedWidely } from './networks.ts'
import { askAddress } from './policy-views.ts'
import { invalid, refusal } from './refusals.ts'
import { hopSentence } from './shell.ts'

async function testAddress(plane: ApiPlane, practice: string, user: string | null, text: string) {
  const address = parseAddress(text)
  if (address === null)
    throw invalid([{ path: 'address', sentence: `"${text}" is no address. Write one such as 203.0.113.7.` }])
  const { snapshot, document } = await plane.views.read(practice)
  const at = plane.now()
  const { mode } = document.controls.ip
  if (user === null) {
    const entry = listedWidely(snapshot, address, at)
    const sentence =
      entry === null
        ? `${address.text} is in no entry for the whole practice.`
        : `${address.text} is in "${entry.label}" (${entry.range}), which serves the whole practice.`
    return { listed: entry !== null, entry: shortEntry(entry), inScope: true, mode, sentence }
  }
  const member = (await plane.views.people(practice)).byId.get(user)
  if (member === undefined) throw refusal('not-found', 'There is no such member in this practice.')
  const { entry, inScope, passes } = askAddress(snapshot, member, address, at)
  const sentence = testSentence(member.name, address.text, entry, { inScope, passes, mode })
  return { listed: passes, entry: shortEntry(entry), inScope, mode, sentence }
}

const shortEntry = (entry: IpEntry | null) =>
  entry === null ? null : { id: entry.id, label: entry.label, range: entry.range }

function testSentence(
  name: string,
  address: string,
  entry: IpEntry | null,
  { inScope, passes, mode }: { readonly inScope: boolean; readonly passes: boolean; readonly mode: string },
): string {
  if (!inScope) return `The IP allowlist does not concern ${name}: any address passes.`
  const where = entry === null ? 'in no entry that serves them' : `in "${entry.label}" (${entry.range})`
  if (passes) {
    const why = entry === null ? 'by an approved request' : `because it is ${where}`
    return `${name} is let in from ${address} ${why}.`
  }
  const act =
    mode === 'enforce'
      ? 'is refused'
      : mode === 'monitor'
        ? 'would be refused (monitor mode)'
        : 'would be refused'
  return `${name} ${act} from ${address}: it is ${where}.`
}

/** Adds the answers. */
export function answerAddressQuestions(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(ipAllowlistRoutes.test, async (c) => {
    const { practice } = c.req.valid('param')
    const { user, address } = c.req.valid('json')
    return c.json(await testAddress(plane, practice, user, address), 200)
  })
  app.openapi(ipAllowlistRoutes.myAddress, async (c) => {
    const { snapshot } = await plane.views.read(c.req.valid('param').practice)
    const hop = c.get('hop')
    const entry = listedWidely(snapshot, hop.client, plane.now())
    return c.json(
      {
        address: hop.client.text,
        sentence: hopSentence(hop),
        range: rangeText(networkOf(hop.client)),
        listed: entry !== null,
        label: entry?.label ?? null,
      },
      200,
    )
  })
}
