/**
 * Goal: whoever uses emergency access sees on every page about themselves that it is on, once, and nobody else does.
 * Method: the screens that pictures are taken of, read.
 */
import { expect, test } from 'vitest'
import { gatewayScreens } from '../pictures/gateway-screens.ts'
import { portalScreens } from '../pictures/portal-screens.ts'

const banner = 'You are using emergency access until'
const bannersOn = (wanted: string): number => {
  const screen = [...gatewayScreens, ...portalScreens].find(({ name }) => name === wanted)
  if (screen?.body === undefined) throw new Error(`no screen ${wanted}`)
  return screen.body.split(banner).length - 1
}

test('pages about a person carry the banner once while it is on, recovery codes and requests among them', () => {
  const on = ['access-wait-emergency', 'practices-emergency', 'portal-codes-new', 'portal-shown-already']
  expect(on.map((name) => [name, bannersOn(name)])).toEqual(on.map((name) => [name, 1]))
})

test('none does while it is off', () => {
  const off = ['access-ask', 'access-wait', 'access-again', 'practices', 'portal-codes', 'portal-confirmed']
  expect(off.map((name) => [name, bannersOn(name)])).toEqual(off.map((name) => [name, 0]))
})
