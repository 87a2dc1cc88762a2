/**
 * The week of one audience: painted, typed or copied from day to day, with its clocks; saved as one change.
 *
 * The draft lives in the address, not here. Invariant: grid and text are the same hours at every moment; a line that
 * cannot be read changes nothing and says which word it is.
 */
import { Button, Checkbox, Menu, Textarea } from '@mantine/core'
import { useState } from 'react'
import { Icon } from '../parts/icons.tsx'
import { usePractice } from '../practice.ts'
import { clockChangeText, nextClockChange } from './clock-changes.ts'
import type { WeekDraft } from './time-search.ts'
import { WeekGrid } from './week-grid.tsx'
import {
  dayMinutes,
  isSameWeek,
  openMinutes,
  type WeekHours,
  weekMinutes,
  withDayCopied,
} from './week-hours.ts'
import { dayNames, readWeek, weekText, weekTextMax } from './week-text.ts'
import { ZoneField } from './zone-field.tsx'

const allDays = [0, 1, 2, 3, 4, 5, 6]
const usual = 'Mon–Fri 08:00–18:00'

type Part = {
  readonly draft: WeekDraft
  readonly isDisabled: boolean
  readonly onDraft: (draft: WeekDraft) => void
}

/** The hours as a line; what is typed stays as it was typed until the field is left. */
function TextTwin({ draft, isDisabled, onDraft }: Part) {
  // With the hours of that moment: whoever paints afterwards sees what they painted.
  const [typed, setTyped] = useState<{ readonly text: string; readonly hours: WeekHours } | null>(null)
  const text = typed !== null && isSameWeek(typed.hours, draft.hours) ? typed.text : null
  const read = text === null ? null : readWeek(text)
  const problem = read !== null && 'problem' in read ? read.problem : null
  return (
    <Textarea
      label="The same as text"
      description="Such as “Mon–Fri 08:00–12:00, 13:00–18:00; Sat 22:00–06:00 next day”, or “closed”."
      className="gh-week-text"
      autosize
      minRows={1}
      maxRows={6}
      spellCheck={false}
      maxLength={weekTextMax}
      readOnly={isDisabled}
      error={problem}
      value={text ?? weekText(draft.hours)}
      onChange={(event) => {
        const { value } = event.currentTarget
        const found = readWeek(value)
        setTyped({ text: value, hours: 'hours' in found ? found.hours : draft.hours })
        if ('hours' in found) onDraft({ ...draft, hours: found.hours })
      }}
      onBlur={() => {
        if (problem === null) setTyped(null)
      }}
    />
  )
}

function CopyDay(props: {
  readonly day: number
  readonly hours: WeekHours
  readonly onCopy: (hours: WeekHours) => void
}) {
  const { day, hours, onCopy } = props
  const copy = (days: readonly number[]) => () => onCopy(withDayCopied(hours, day, days))
  return (
    <Menu position="bottom-end" shadow="md" width={170}>
      <Menu.Target>
        <button type="button" className="gh-copy-day" aria-label={`Copy ${dayNames[day]} to other days`}>
          <Icon name="copy" size={15} />
        </button>
      </Menu.Target>
      <Menu.Dropdown aria-label={`Copy ${dayNames[day]} to`}>
        <Menu.Label>Copy {dayNames[day]} to</Menu.Label>
        <Menu.Item onClick={copy([0, 1, 2, 3, 4])}>Mon–Fri</Menu.Item>
        <Menu.Item onClick={copy(allDays)}>Every day</Menu.Item>
        {allDays
          .filter((other) => other !== day)
          .map((other) => (
            <Menu.Item key={other} onClick={copy([other])}>
              {dayNames[other]}
            </Menu.Item>
          ))}
      </Menu.Dropdown>
    </Menu>
  )
}

const minuteIn = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))
const dateFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' })

/** The next night on which the clocks change, and what becomes of hours painted there. */
function ClockNote({
  hours,
  zone,
  today,
}: {
  readonly hours: WeekHours
  readonly zone: string
  readonly today: string
}) {
  const change = nextClockChange(today, zone)
  if (change === null) return null
  const at = Date.parse(`${change.date}T00:00Z`)
  const midnight = ((new Date(at).getUTCDay() + 6) % 7) * dayMinutes
  const from = midnight + minuteIn(change.from)
  const to = Math.max(midnight + minuteIn(change.to), from + 1)
  const concerns = openMinutes(hours, { from, to: Math.min(to, weekMinutes) }) > 0
  return (
    <p className="gh-sub">
      <Icon name="moon" size={13} /> On {dateFormat.format(at)} {clockChangeText(change)}.
      {concerns &&
        (change.kind === 'skipped'
          ? ' Hours in there do not come that night.'
          : ' Hours in there come twice that night.')}
    </p>
  )
}

const hoursText = (minutes: number): string => {
  const hours = Math.round(minutes / 6) / 10
  return `${hours} ${hours === 1 ? 'hour' : 'hours'} a week`
}

function Acts(props: {
  readonly isChanged: boolean
  readonly onDiscard: () => void
  readonly onSave: () => void
}) {
  const { isChanged } = props
  return (
    <div className="gh-week-acts">
      <span className={isChanged ? 'gh-warn-text' : 'gh-faint'} role="status">
        {isChanged ? 'Not saved yet. The address of this page holds your draft.' : 'As saved.'}
      </span>
      <Button variant="default" disabled={!isChanged} onClick={props.onDiscard}>
        Discard
      </Button>
      <Button disabled={!isChanged} onClick={props.onSave}>
        Review and save
      </Button>
    </div>
  )
}

/** The editor. `today`: on the practice's wall. */
export function WeekEditor(props: {
  readonly name: string
  readonly isPerson: boolean
  readonly draft: WeekDraft
  readonly isChanged: boolean
  readonly today: string
  readonly onDraft: (draft: WeekDraft) => void
  readonly onDiscard: () => void
  readonly onSave: () => void
}) {
  const { name, draft, onDraft, isChanged } = props
  const practice = usePractice()
  const isDisabled = !practice.may('gw.time.edit')
  const setHours = (hours: WeekHours) => onDraft({ ...draft, hours })
  const start = readWeek(usual)
  return (
    <div className="gh-form">
      <WeekGrid
        label={`Hours of ${name}`}
        hours={draft.hours}
        isDisabled={isDisabled}
        onChange={setHours}
        rowEnd={(day) => (isDisabled ? null : <CopyDay day={day} hours={draft.hours} onCopy={setHours} />)}
      />
      {draft.hours.length === 0 && !isDisabled && 'hours' in start && (
        <p className="gh-week-start">
          <span className="gh-faint">Nothing is open yet.</span>
          <Button size="xs" variant="default" onClick={() => setHours(start.hours)}>
            Start with {usual}
          </Button>
        </p>
      )}
      <TextTwin draft={draft} isDisabled={isDisabled} onDraft={onDraft} />
      <div className="gh-pair">
        <ZoneField
          description="The clock on which wall."
          zone={draft.zone}
          isDisabled={isDisabled}
          onChange={(zone) => onDraft({ ...draft, zone })}
        />
        <div>
          <p className="gh-strong gh-numbers">{hoursText(openMinutes(draft.hours))}</p>
          <ClockNote hours={draft.hours} zone={draft.zone ?? practice.zone} today={props.today} />
        </div>
      </div>
      {props.isPerson && (
        <Checkbox
          label="Instead of role hours"
          description="Only this person’s own hours count, not those of the practice and their roles."
          checked={draft.insteadOfRoleHours}
          disabled={isDisabled}
          onChange={(event) => onDraft({ ...draft, insteadOfRoleHours: event.currentTarget.checked })}
        />
      )}
      {isDisabled ? (
        <p className="gh-faint">
          You may look at these hours, not change them: that needs “edit time windows”.
        </p>
      ) : (
        <Acts isChanged={isChanged} onDiscard={props.onDiscard} onSave={props.onSave} />
      )}
    </div>
  )
}
