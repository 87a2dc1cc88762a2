/**
 * The keys of the console: `/` finds, `?` explains, `g` and a letter go to a screen.
 *
 * Keys inside lists and dialogs are theirs. Invariant: no key acts while somebody types, while a dialog is open, or with
 * Ctrl, Alt or ⌘ held, except Ctrl K and ⌘ K; the single keys can be switched off, for those who speak to their computer.
 */
import { useEffect, useState } from 'react'
import { groups, type ScreenPath } from './navigation.ts'

const place = 'gatehouse-single-keys'
const nextMs = 1_500

/** Whether single keys act; kept in this browser. */
export function useSingleKeys(): readonly [boolean, (isOn: boolean) => void] {
  const [isOn, setOn] = useState(() => readPlace() !== 'off')
  return [
    isOn,
    (next) => {
      setOn(next)
      try {
        localStorage.setItem(place, next ? 'on' : 'off')
      } catch {
        // A browser that keeps nothing: it holds until the page is left.
      }
    },
  ]
}

function readPlace(): string | null {
  try {
    return localStorage.getItem(place)
  } catch {
    return null
  }
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('input, textarea, select, [contenteditable="true"]') !== null

const hasDialog = (): boolean => document.querySelector('[role="dialog"], [role="menu"]') !== null

const screens = groups.flatMap((group) => group.screens)

/** What the keys do. */
export type KeyActs = {
  readonly find: () => void
  readonly explain: () => void
  readonly go: (to: ScreenPath) => void
}

/** Listens while the page is shown; `isOn`: single keys too. */
export function useKeys(isOn: boolean, { find, explain, go }: KeyActs): void {
  useEffect(() => {
    let leftAt = Number.NEGATIVE_INFINITY
    const single = (event: KeyboardEvent): (() => void) | null => {
      const isSecond = event.timeStamp - leftAt < nextMs
      leftAt = Number.NEGATIVE_INFINITY
      if (isSecond) {
        const screen = screens.find(({ key }) => key === event.key)
        if (screen !== undefined) return () => go(screen.to)
      }
      if (event.key === '/') return find
      if (event.key === '?') return explain
      if (event.key === 'g') leftAt = event.timeStamp
      return null
    }
    const pressed = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.altKey || hasDialog()) return
      const act =
        event.ctrlKey || event.metaKey
          ? event.key.toLowerCase() === 'k'
            ? find
            : null
          : isOn && !isTyping(event.target)
            ? single(event)
            : null
      if (act === null) return
      event.preventDefault()
      act()
    }
    document.addEventListener('keydown', pressed)
    return () => document.removeEventListener('keydown', pressed)
  }, [isOn, find, explain, go])
}
