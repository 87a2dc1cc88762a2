/**
 * Goal: what docs/api.md prints is what happens: each request is taken, and answered with what stands below it.
 * Method: the blocks are read as they are printed and sent one after another; headers and members printed must be there.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createStage, type Stage } from '../admin/api/admin-stage.ts'
import { projectRoot } from '../support/cache-folder.ts'

type Message = {
  readonly first: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string | null
}

const readMessage = (block: string): Message => {
  const [head = '', ...body] = block.split('\n\n')
  const [first = '', ...lines] = head.split('\n')
  const headers = lines.map((line) => {
    const [, name = '', value = ''] = /^([A-Za-z-]+): (.+)$/.exec(line) ?? []
    expect(name, `a header line: ${line}`).not.toBe('')
    return [name, value] as const
  })
  return { first, headers, body: body.length === 0 ? null : body.join('\n\n') }
}

const messages = (): readonly Message[] =>
  [...readFileSync(join(projectRoot, 'docs/api.md'), 'utf8').matchAll(/^```http\n([^`]+?)\n```$/gm)].map(
    ([, block = '']) => readMessage(block),
  )

type Told = Readonly<Record<string, unknown>>

/** `{a.b}` by what an earlier answer said. */
const fill = (text: string, told: Told): string =>
  text.replaceAll(/\{([a-zA-Z.]+)\}/g, (_, path: string) => {
    const value = path
      .split('.')
      .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], told)
    expect(value, `nothing said {${path}}`).toBeDefined()
    return String(value)
  })

/** A text in which `…` stands for anything. */
const like = (printed: string) =>
  expect.stringMatching(new RegExp(`^${printed.split('…').map(RegExp.escape).join('.+')}$`, 's'))

/** What is printed, as an expectation: members besides are no matter, elements of lists are. */
const expectation = (printed: unknown): unknown => {
  if (typeof printed === 'string') return like(printed)
  if (Array.isArray(printed)) return printed.map(expectation)
  if (typeof printed !== 'object' || printed === null) return printed
  return expect.objectContaining(
    Object.fromEntries(Object.entries(printed).map(([name, value]) => [name, expectation(value)])),
  )
}

const send = (stage: Stage, { first, headers, body }: Message, told: Told): Promise<Response> => {
  const [method = '', path = '', version] = fill(first, told).split(' ')
  expect(version).toBe('HTTP/1.1')
  const sent = new Headers(headers.map(([name, value]): [string, string] => [name, fill(value, told)]))
  // What a browser would say besides; the printed request is not of one.
  sent.set('sec-fetch-site', 'same-origin')
  return stage.request(path, { method, headers: sent, ...(body === null ? {} : { body: fill(body, told) }) })
}

const check = async (answer: Response, printed: Message, where: string): Promise<Told> => {
  expect(`HTTP/1.1 ${answer.status}`, where).toBe(printed.first)
  for (const [name, value] of printed.headers)
    expect(answer.headers.get(name), `${where}: ${name}`).toEqual(like(value))
  if (printed.body === null) return {}
  const real = (await answer.json()) as Told
  expect(real, where).toEqual(expectation(JSON.parse(printed.body)))
  return real
}

test('each printed request is answered as printed', async () => {
  const all = messages()
  expect(all.length).toBeGreaterThan(15)
  expect(all.length % 2).toBe(0)
  const stage = await createStage()
  let told: Told = {}
  for (let at = 0; at < all.length; at += 2) {
    const [request, printed] = [all[at]!, all[at + 1]!]
    expect(printed.first, `the block after ${request.first}`).toMatch(/^HTTP\/1.1 \d{3}$/)
    const answer = await send(stage, request, told)
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0]
    const said = await check(answer, printed, request.first)
    told = { ...told, ...(cookie === undefined ? {} : { cookie }), ...said }
    // As the page says of a key: sent again, it is answered again, and nothing more is done.
    if (request.headers.some(([name]) => name === 'Idempotency-Key'))
      expect(await check(await send(stage, request, told), printed, `${request.first}, again`)).toEqual(said)
  }
  await stage.close()
})
