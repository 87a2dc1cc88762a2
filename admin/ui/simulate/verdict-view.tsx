/**
 * What somebody would meet: the verdict, every gate with its answer and how long that holds, what would help, the week.
 *
 * The API decided all of it. Invariant: the gate that decides is named; what a control that is off or monitored would say
 * is shown as such, so that nobody takes it for a refusal.
 */
import { DayBars, HourAxis } from '../parts/day-track.tsx'
import { Icon } from '../parts/icons.tsx'
import { modeNames, modeTones, Tag } from '../parts/tag.tsx'
import { dateTime } from '../times.ts'
import { controlName, gateName, verdictWords } from './gate-words.ts'
import type { Verdict } from './simulate-queries.ts'
import { daysOfTimeline } from './timeline-days.ts'

const dayFormat = new Intl.DateTimeFormat('en-GB', {
  ...{ weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' },
})

type Gate = Verdict['gates'][number]

/** What became of a gate: words for those who hear, a mark for those who see. */
const outcomeOf = ({ passes, mode }: Gate) =>
  passes
    ? { text: 'passes', look: 'passes', icon: 'check' as const }
    : mode === 'enforce'
      ? { text: 'refuses', look: 'refuses', icon: 'cross' as const }
      : mode === 'monitor'
        ? { text: 'would refuse, is only recorded', look: 'recorded', icon: 'warning' as const }
        : { text: 'would refuse, is not asked', look: 'not-asked', icon: 'cross' as const }

function GateRow({ gate, decides }: { readonly gate: Gate; readonly decides: boolean }) {
  const { text, look, icon } = outcomeOf(gate)
  return (
    <li className={`gh-gate gh-gate-${look}`}>
      <span className="gh-gate-mark">
        <Icon name={icon} size={14} />
      </span>
      <div>
        <p>
          <strong>{gateName(gate.gate)}</strong> <span className="gh-unseen">{text}. </span>
          {decides && <Tag tone="bad">decides</Tag>}
          {gate.mode !== 'enforce' && <Tag tone={modeTones[gate.mode]}>{modeNames[gate.mode]}</Tag>}
        </p>
        <p className="gh-faint">
          {gate.sentence}
          {gate.untilText !== null && <> Holds until {gate.untilText}.</>}
        </p>
      </div>
    </li>
  )
}

const foldedMin = 3

/** Gates in their order, with runs of passing gates of the session together: they pass for nearly everybody. */
function foldedGates(gates: readonly Gate[]): readonly (readonly Gate[])[] {
  const runs: Gate[][] = []
  for (const gate of gates) {
    const last = runs.at(-1)
    const isTrivial = gate.control === 'session' && gate.passes
    if (isTrivial && last?.[0]?.control === 'session' && last[0].passes) last.push(gate)
    else runs.push([gate])
  }
  return runs.flatMap((run) => (run.length < foldedMin ? run.map((gate) => [gate]) : [run]))
}

function Folded({ gates }: { readonly gates: readonly Gate[] }) {
  return (
    <li className="gh-gate gh-gate-passes">
      <span className="gh-gate-mark">
        <Icon name="check" size={14} />
      </span>
      <details className="gh-details">
        <summary>
          <strong>{gates.length} checks of sign-in, session and membership pass</strong>
        </summary>
        <ol className="gh-gates gh-gates-folded" aria-label="Checks that pass">
          {gates.map((gate) => (
            <GateRow key={gate.gate} gate={gate} decides={false} />
          ))}
        </ol>
      </details>
    </li>
  )
}

/** The gate whose refusal is the verdict; `undefined`: none refuses. */
const decidingGate = ({ verdict, gates }: Verdict): Gate | undefined =>
  verdict === 'permit' ? undefined : gates.find(({ passes, mode }) => !passes && mode === 'enforce')

function Gates({ verdict }: { readonly verdict: Verdict }) {
  if (verdict.gates.length === 0)
    return <p className="gh-card-foot gh-faint">No control guards this page: everybody gets in.</p>
  const deciding = decidingGate(verdict)
  return (
    <ol className="gh-gates" aria-label="Step by step">
      {foldedGates(verdict.gates).map(([gate, ...more]) =>
        gate === undefined ? null : more.length > 0 ? (
          <Folded key={gate.gate} gates={[gate, ...more]} />
        ) : (
          <GateRow key={gate.gate} gate={gate} decides={gate === deciding} />
        ),
      )}
    </ol>
  )
}

function Week({ verdict, zone }: { readonly verdict: Verdict; readonly zone: string }) {
  const days = daysOfTimeline(verdict.timeline, verdict.timelineUntil, zone)
  return (
    <>
      <h3 className="gh-part-title">The next seven days</h3>
      <div className="gh-fortnight" aria-hidden="true">
        <HourAxis />
        <div className="gh-fortnight-days">
          {days.map(({ date, pieces }) => (
            <div key={date} className="gh-fortnight-row gh-fortnight-short">
              <span className="gh-fortnight-day">{dayFormat.format(Date.parse(`${date}T00:00Z`))}</span>
              <DayBars
                bars={pieces.map(({ from, to, line }) => ({
                  ...{
                    from,
                    to,
                    tone: verdictWords(line.verdict).bar,
                    text: verdictWords(line.verdict).short,
                  },
                  title: line.verdict === 'permit' ? 'gets in' : line.because,
                }))}
              />
            </div>
          ))}
        </div>
      </div>
      <details className="gh-details gh-timeline-text" open={verdict.timeline.length <= 4}>
        <summary>The same as text</summary>
        <ol className="gh-plain-list" aria-label="The next seven days">
          {verdict.timeline.map((line) => (
            <li key={line.at}>
              <span className="gh-numbers">From {line.text}</span>:{' '}
              <strong>{verdictWords(line.verdict).title}</strong>
              {line.verdict !== 'permit' && <span className="gh-faint"> ({line.because})</span>}
            </li>
          ))}
          <li className="gh-faint">Told until {dateTime(verdict.timelineUntil, zone)}.</li>
        </ol>
      </details>
    </>
  )
}

/** The view; `title`: which policy it is about. */
export function VerdictView(props: {
  readonly id: string
  readonly title: string
  readonly name: string
  readonly verdict: Verdict
  readonly zone: string
}) {
  const { verdict, zone, name } = props
  const words = verdictWords(verdict.verdict)
  const decisive = decidingGate(verdict)
  return (
    <section className="gh-card gh-verdict" aria-labelledby={props.id}>
      <div className="gh-card-head">
        <h2 id={props.id}>{props.title}</h2>
      </div>
      <p className={`gh-answer gh-tone-${words.tone} gh-verdict-answer`}>
        <Icon name={verdict.verdict === 'permit' ? 'check' : 'warning'} size={20} />
        <span>
          <strong>
            {name} {words.title}
          </strong>
          {verdict.verdict !== 'permit' &&
            (decisive === undefined
              ? `: ${verdict.because}.`
              : ` at “${gateName(decisive.gate)}”, by ${controlName(decisive.control)}.`)}
          {verdict.opensAt !== null && <> It opens by itself on {dateTime(verdict.opensAt, zone)}.</>}
        </span>
      </p>
      {verdict.remedies.length > 0 && (
        <div className="gh-card-foot">
          <h3 className="gh-part-title">What would help</h3>
          <ul className="gh-changes">
            {verdict.remedies.map(({ sentence }) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </div>
      )}
      <Gates verdict={verdict} />
      <Week verdict={verdict} zone={zone} />
    </section>
  )
}
