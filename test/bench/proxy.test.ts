/**
 * Goal: the proxy bench never shows a figure that is not one. Method: the pure parts, given what wrk, `/proc` and people
 * write; the running parts prove their contenders themselves, at every run.
 */
import { describe, expect, it } from 'vitest'
import { processorSeconds, workedSeconds } from '../../bench/pinned.ts'
import { documentUnder, page, type Rule, rules, shotsOf } from '../../bench/proxy-practice.ts'
import { type Run, readWish, summarize } from '../../bench/proxy-summary.ts'
import { faultOf, readWrk, type WrkRun, wrkScript } from '../../bench/wrk.ts'
import { compile } from '../../policies/compile.ts'
import { newDocument } from '../../policies/standard-roles.ts'

const run = (contender: string, round: number, perSecond: number, scenario = 'get'): Run => ({
  ...{ scenario, contender, round, perSecond },
  ...{ p50Us: 10, p99Us: 20, cpuUs: 100, busy: 1, others: 0 },
})

describe('summaries', () => {
  it('divide by the base of the same round', () => {
    // The machine was half as fast in round 2, for everyone.
    const runs = [run('base', 1, 1_000), run('us', 1, 500), run('us', 2, 300), run('base', 2, 500)]
    const [base, us] = summarize([...runs, run('base', 3, 1_000), run('us', 3, 400)], 'base')
    expect(base?.ofBase).toEqual({ median: 1, min: 1, max: 1 })
    expect(us?.ofBase).toEqual({ median: 0.5, min: 0.4, max: 0.6 })
    expect(us?.ofBaseByCpu).toEqual({ median: 1, min: 1, max: 1 })
    expect(us?.perSecond).toEqual({ median: 400, min: 300, max: 500 })
  })

  it('say by processor time how many requests the base would do for one of ours', () => {
    const [, us] = summarize([run('base', 1, 900), { ...run('us', 1, 10), cpuUs: 400 }], 'base')
    expect(us?.ofBaseByCpu.median).toBe(0.25)
  })

  it('keep scenarios apart', () => {
    const runs = [run('base', 1, 100), run('us', 1, 50), run('base', 1, 10, 'post'), run('us', 1, 9, 'post')]
    const found = summarize(runs, 'base').map(({ scenario, contender, ofBase }) => [
      scenario,
      contender,
      ofBase.median,
    ])
    expect(found).toEqual([
      ['get', 'base', 1],
      ['get', 'us', 0.5],
      ['post', 'base', 1],
      ['post', 'us', 0.9],
    ])
  })

  it('are refused where a round has no base', () => {
    expect(() => summarize([run('base', 1, 100), run('us', 2, 50)], 'base')).toThrow(
      'no run of base in round 2',
    )
  })
})

describe('arguments', () => {
  it('have defaults, in any order', () => {
    const usual = { rounds: 5, seconds: 3, tries: 1, profile: null }
    expect(readWish([])).toEqual(usual)
    expect(readWish(['--seconds', '10', '--rounds', '2'])).toEqual({ ...usual, rounds: 2, seconds: 10 })
    expect(readWish(['--profile', 'here', '--tries', '4'])).toEqual({ ...usual, tries: 4, profile: 'here' })
  })

  it.each([
    [['--rounds', '0'], 'from 1 to 100'],
    [['--rounds', '101'], 'from 1 to 100'],
    [['--tries', '21'], 'from 1 to 20'],
    [['--seconds', '61'], 'from 1 to 60'],
    [['--seconds', '1.5'], 'from 1 to 60'],
    [['--seconds'], 'wants a value'],
    [['--second', '3'], '--second is not known'],
    [['3'], '3 is not known'],
  ])('%j are refused', (args, words) => {
    expect(readWish(args)).toEqual({ problem: expect.stringContaining(words) })
  })
})

const said = (numbers: object): string =>
  `Running 1s test @ http://127.0.0.1:1\n  9 requests in 1.00s\nmeasured ${JSON.stringify(numbers)}\n`
const numbers = { requests: 9, us: 1_500_000, bytes: 11_700, p50: 640, p99: 2_100, failures: 0 }

describe('wrk', () => {
  it('is read to the microsecond', () => {
    expect(readWrk(said(numbers))).toEqual({
      ...{ requests: 9, seconds: 1.5, bytes: 11_700 },
      ...{ p50Us: 640, p99Us: 2_100, failures: 0 },
    })
  })

  it('that tells nothing, or not all, is an error with its words', () => {
    expect(() => readWrk('unable to connect to 127.0.0.1:1')).toThrow('unable to connect')
    expect(() => readWrk(said({ ...numbers, p99: undefined }))).toThrow('no p99')
  })

  const fine: WrkRun = { requests: 10, seconds: 1, bytes: 13_000, p50Us: 1, p99Us: 2, failures: 0 }
  it.each([
    [{}, null],
    [{ failures: 1 }, '1 of 10 requests failed'],
    [{ requests: 0, bytes: 0 }, 'no request'],
    // Redirects: no error to wrk.
    [{ bytes: 3_000 }, 'answers have 300 bytes'],
  ])('a run with %j: %s', (change, words) => {
    const fault = faultOf({ ...fine, ...change }, 1_024)
    if (words === null) expect(fault).toBeNull()
    else expect(fault).toContain(words)
  })

  it('gets every byte of a request in decimal, so that none can end a string of its script', () => {
    const headers = { Cookie: 'sid="]]\\\n; ü' }
    const script = wrkScript([{ method: 'POST', path: '/"', headers, body: 'a\n' }])
    expect(script).toContain('{ "POST", "\\047\\034", { ["\\067\\111\\111\\107\\105\\101"] = "\\115')
    expect(script).toContain('"\\097\\010" },')
    expect(script).not.toContain('sid')
  })
})

describe('processor time', () => {
  it('is that of user and system, whatever the program is called', () => {
    const stat = '7 (a) b (c) S 1 7 7 0 -1 4194304 900 0 0 0 1234 66 0 0 20 0 11 0 5000 1000000 2000 18446744'
    expect(processorSeconds(stat)).toBe(13)
  })

  it('of a core leaves out waiting and interrupts', () => {
    const stat = 'cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 100 20 30 4000 500 60 70 50 0 0\ncpu1 1 2 3 4 5 6 7 8 0 0\n'
    expect(workedSeconds(stat, 0)).toBe(2)
    expect(workedSeconds(stat, 1)).toBe(0.14)
    expect(() => workedSeconds(stat, 2)).toThrow('nothing of core 2')
  })
})

describe('the practice', () => {
  it.each(Object.keys(rules) as Rule[])('compiles under the rule %s', (rule) => {
    const born = newDocument({ id: 'riverside', name: 'Riverside', zone: 'UTC' }, 'standard')
    const compiled = compile(documentUnder(rule, born, 'usr_person-1'), Date.UTC(2026, 10, 23))
    expect(compiled).toMatchObject({ ok: true })
  })

  it('has a page of 1 kB and a body of 4 kB', () => {
    expect(new TextEncoder().encode(page)).toHaveLength(1_024)
    expect(shotsOf('POST', ['sid=a'])[0]?.body).toHaveLength(4_096)
    expect(shotsOf('GET', ['sid=a'])[0]?.body).toBeNull()
  })
})
