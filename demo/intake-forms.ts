// Intake forms: what patients were sent to fill in, and what they answered.
//
// Not a form builder: five fixed forms with fixed questions.
// Invariant: a form that is only sent has no answers yet.
// Refused: free-form answers by the thousand; three questions show what such a page looks like.

import { drawsFrom } from './draws.ts'
import type { Patient } from './patients.ts'

/** A form sent to one patient; `day` is when it was sent or completed ('YYYY-MM-DD'). */
export type IntakeForm = {
  readonly id: string
  readonly title: string
  readonly patientId: string
  readonly patientName: string
  readonly status: 'sent' | 'completed' | 'needs review'
  readonly day: string
  readonly answers: readonly { readonly question: string; readonly answer: string }[]
}

const formsPerPractice = 14
const titles: readonly string[] = [
  'New patient intake',
  'Medical history update',
  'HIPAA acknowledgement',
  'Financial agreement',
  'Consent: oral surgery',
]
const questions: readonly (readonly [string, readonly string[]])[] = [
  ['Has your health changed since the last visit?', ['No', 'No', 'Yes, new blood pressure medication']],
  ['Are you taking any medication?', ['None', 'Lisinopril 10 mg', 'Metformin, daily', 'Vitamin D only']],
  ['Any allergies we should know of?', ['None known', 'Penicillin', 'Latex', 'Codeine']],
  ['How should we remind you?', ['Text message', 'E-mail', 'Phone call']],
  ['Signature', ['Signed electronically']],
]
const stages: readonly IntakeForm['status'][] = ['completed', 'completed', 'sent', 'needs review']

/** The forms a practice starts with, newest first; `dayBefore(n)` is the day n days ago. */
export function seedForms(
  practice: string,
  patients: readonly Patient[],
  dayBefore: (days: number) => string,
): readonly IntakeForm[] {
  const draws = drawsFrom(`forms of ${practice}`)
  const first = practice === 'riverside' ? 301 : 401
  return Array.from({ length: formsPerPractice }, (_, order) => {
    const patient = draws.pick(patients)
    const status = draws.pick(stages)
    const answers = questions.map(([question, choices]) => ({ question, answer: draws.pick(choices) }))
    return {
      id: `f-${first + order}`,
      title: draws.pick(titles),
      patientId: patient.id,
      patientName: patient.name,
      status,
      day: dayBefore(order),
      answers: status === 'sent' ? [] : answers,
    }
  })
}
