/**
 * The page of a soak: what was held at each reading, and whether it grew.
 *
 * It measures nothing. Invariant: the length that was run stands beside the length that the goal is about, and a goal is
 * called met only by a run of that length.
 */
import type { SoakResults, SoakSample } from './soak.ts'

const full = 5_000_000
const growthMax = 0.05

const number = (value: number): string => value.toLocaleString('en-US')
const mb = (bytes: number): string => (bytes / 1_048_576).toFixed(1)

const rowOf = (one: SoakSample): string =>
  `| ${[
    ...[number(one.requests), number(one.seconds), mb(one.gatewayRssBytes), mb(one.gatewayHeapBytes)],
    ...[mb(one.adminRssBytes), one.sockets, one.timers, one.openFiles, one.openExchanges],
    ...[one.mirroredSessions, one.sessionKeys, one.otherKeys],
  ].join(' | ')} |`

const verdict = ({ samples, wanted }: SoakResults): string => {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined) return 'Nothing was read.'
  const growth = last.gatewayRssBytes / first.gatewayRssBytes - 1
  const words = `The gateway’s memory ${growth < 0 ? 'fell' : 'grew'} by ${(Math.abs(growth) * 100).toFixed(1)} % from the first reading to the last (goal: at most ${growthMax * 100} % from the first to the fifth million).`
  const length =
    wanted >= full
      ? growth <= growthMax
        ? 'Met.'
        : 'Not met.'
      : `This run had ${number(wanted)} requests, not the ${number(full)} of the goal: it says nothing of slower leaks.`
  return `${words} ${length}`
}

/** The results as a page. */
export const soakPage = (results: SoakResults): string => {
  const { date, machine, wanted, samples, statuses } = results
  const answers = Object.entries(statuses).map(([status, count]) => `${number(count)} × ${status}`)
  return [
    '# A long run',
    '',
    `Measured on ${date} by \`npm run soak -- --requests ${wanted}\`: ${machine.cpu}, ${machine.cores} cores, ${machine.platform}, Node ${machine.node}.`,
    'One gateway, one control plane, the demo application, a real Redis and PostgreSQL and the load on the same machine.',
    '',
    `${verdict(results)} In it ${number(results.signIns)} sign-ins, ${number(results.revocations)} revocations and`,
    `${number(results.webSockets)} WebSockets, of which ${number(results.webSocketsCut)} were cut by a revocation. Answers: ${answers.join(', ')}`,
    '(401: requests that came without a session).',
    '',
    'Each reading is taken 6 s after a round, with nothing under way. Sessions stay in Redis and in the gateway’s mirror until their',
    'absolute end, ended ones too (nobody may come back by a kept cookie): those grow with sign-ins, and with nothing else.',
    '',
    '| requests | s | gateway RSS, MB | its heap, MB | control plane RSS, MB | sockets | timers | open files | open exchanges | mirrored sessions | Redis: session keys | other keys |',
    '| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...samples.map(rowOf),
    '',
    '## As JSON',
    '',
    '```json',
    JSON.stringify(results, null, 2),
    '```',
    '',
  ].join('\n')
}

/** `--requests N` of the arguments; default: the goal's five million. A sentence: what is wrong with them. */
export const readSoakWish = (args: readonly string[]): number | string => {
  if (args.length === 0) return full
  const [flag, value = ''] = args
  return args.length === 2 && flag === '--requests' && /^[1-9]\d{3,8}$/.test(value)
    ? Number(value)
    : 'usage: npm run soak -- --requests N, with N from 1000'
}
