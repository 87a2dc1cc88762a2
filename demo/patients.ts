// Patient charts: who the patients of a practice are, with alerts, notes and files.
//
// Not medical software: the fields are those a front desk looks at, and every name is made up.
// Invariant: ids are fixed per practice (p-1001… Riverside, p-2001… Lakeview) and never shared.
// Refused: one patient table with a practice column; a chart is only ever looked up inside its practice.

import type { Draws } from './draws.ts'
import { drawsFrom } from './draws.ts'

/** A note on a chart; `day` is 'YYYY-MM-DD'. */
export type ChartNote = {
  readonly id: string
  readonly day: string
  readonly author: string
  readonly text: string
}

/** What is kept of an uploaded file: its size and digest (hex SHA-256), not its bytes. */
export type ChartFile = {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
  readonly at: number
}

/** One patient's chart. `balanceCents` is what the patient owes; `born` and `lastVisit` are days. */
export type Patient = {
  readonly id: string
  readonly name: string
  readonly born: string
  readonly phone: string
  readonly email: string
  readonly insurance: string
  readonly alerts: readonly string[]
  readonly balanceCents: number
  readonly lastVisit: string
  readonly notes: readonly ChartNote[]
  readonly files: readonly ChartFile[]
}

const patientsPerPractice = 36
const firstNames = (
  'Amelia Noah Priya Marcus Hannah Diego Grace Tyrone Ingrid Samuel Leila Walter Chloe Andre Mei Patrick ' +
  'Rosa Elias Nadia Gordon Simone Victor Beth Omar Claire Julian Tessa Raymond Yuki Franklin Carmen Oscar ' +
  'Dana Leo Miriam Theo'
).split(' ')
const lastNames = (
  'Abbott Berglund Chandra Delgado Eriksen Fuentes Goldman Haddad Iverson Jacobs Kowalski Lindqvist Mercer ' +
  'Novak Okafor Petrov Quinn Ramirez Sandoval Thornton Underwood Vasquez Whitfield Xiong Yamada Zeller Ashford ' +
  'Boyle Castellan Dunmore Ellison Farrow Granger Holloway Ibarra Jennings'
).split(' ')
const insurers = ['Delta Dental PPO', 'MetLife Dental', 'Cigna DPPO', 'Aetna Dental', 'Guardian', 'Self-pay']
const alertChoices = [
  'Penicillin allergy',
  'Latex allergy',
  'Premedicate',
  'Blood thinner',
  'Diabetes type 2',
  'Anxious, allow time',
  'Hearing aid, face when speaking',
]
const noteChoices = [
  'Prefers early mornings; works nights.',
  'Call the mobile number only, leave no voicemail.',
  'Sensitive on the lower left, watch #19.',
  'Night guard delivered, fits well. Recheck in six months.',
  'Asked for a written estimate before the crown.',
  'Recall set for six months. Flossing much improved.',
  'Insurance verified for this year; deductible met.',
]
const noteAuthors: readonly string[] = ['Front desk', 'Hygiene', 'Doctor', 'Billing']

function seedNotes(draws: Draws, id: string, lastVisit: string): readonly ChartNote[] {
  const texts = draws.shuffle(noteChoices).slice(0, draws.between(1, 3))
  return texts.map((text, at) => ({
    id: `${id}-n${at + 1}`,
    day: lastVisit,
    author: draws.pick(noteAuthors),
    text,
  }))
}

function seedPatient(draws: Draws, id: string, name: string, dayBefore: (days: number) => string): Patient {
  const lastVisit = dayBefore(draws.between(9, 240))
  const mailbox = name.toLowerCase().replaceAll(' ', '.')
  return {
    id,
    name,
    born: `${draws.between(1944, 2017)}-${String(draws.between(1, 12)).padStart(2, '0')}-${String(draws.between(1, 28)).padStart(2, '0')}`,
    phone: `(555) 01${draws.between(0, 9)}-${draws.between(1000, 9999)}`,
    email: `${mailbox}@mail.test`,
    insurance: draws.pick(insurers),
    alerts: draws.chance(0.35) ? draws.shuffle(alertChoices).slice(0, draws.between(1, 2)) : [],
    balanceCents: draws.chance(0.4) ? draws.between(12, 480) * 100 : 0,
    lastVisit,
    notes: seedNotes(draws, id, lastVisit),
    files: [],
  }
}

/** The charts a practice starts with: 36, the same each time; `dayBefore(n)` is the day n days ago. */
export function seedPatients(practice: string, dayBefore: (days: number) => string): readonly Patient[] {
  const draws = drawsFrom(`patients of ${practice}`)
  const first = practice === 'riverside' ? 1001 : 2001
  const surnames = draws.shuffle(lastNames)
  return draws
    .shuffle(firstNames)
    .slice(0, patientsPerPractice)
    .map((given, at) => {
      const name =
        at === 0 && practice === 'riverside' ? 'Paula Nguyen' : `${given} ${surnames[at] ?? 'Smith'}`
      return seedPatient(draws, `p-${first + at}`, name, dayBefore)
    })
}
