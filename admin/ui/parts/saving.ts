/**
 * One save at a time, with what the API may ask for on top: a reason, and the practice's name to override a lockout.
 *
 * What is saved and how it looks is the caller's. Invariant: the last problem stays visible until a save succeeds
 * or the dialog is opened afresh; the override is sent only after the API has named who would be locked out.
 */
import { useState } from 'react'
import { problemOf, type ShownProblem } from '../problem.ts'

/** What goes with any edit. */
export type Extra = { readonly reason?: string; readonly confirmPracticeName?: string }

/** The reason alone, for what cannot be overridden. */
export const reasonOf = ({ reason }: Extra): { readonly reason?: string } =>
  reason === undefined ? {} : { reason }

/** A save under way, its problem, and what the admin typed for it. */
export type Saving = {
  readonly problem: ShownProblem | null
  readonly isBusy: boolean
  readonly reason: string
  readonly setReason: (text: string) => void
  readonly typedName: string
  readonly setTypedName: (text: string) => void
  readonly setProblem: (problem: ShownProblem | null) => void
  /** Saves; resolves either way, with whether it succeeded. */
  readonly run: () => Promise<boolean>
}

/** A saving that starts without a problem, or with the one that led to its dialog. */
export function useSaving(save: (extra: Extra) => Promise<void>, first: ShownProblem | null = null): Saving {
  const [problem, setProblem] = useState<ShownProblem | null>(first)
  const [isBusy, setBusy] = useState(false)
  const [reason, setReason] = useState('')
  const [typedName, setTypedName] = useState('')
  const run = async (): Promise<boolean> => {
    if (isBusy) return false
    setBusy(true)
    try {
      const overrides = problem?.code === 'lockout-risk' && typedName.trim() !== ''
      await save({
        ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
        ...(overrides ? { confirmPracticeName: typedName.trim() } : {}),
      })
      setProblem(null)
      return true
    } catch (error) {
      setProblem(problemOf(error))
      return false
    } finally {
      setBusy(false)
    }
  }
  return { problem, isBusy, reason, setReason, typedName, setTypedName, setProblem, run }
}
