/**
 * Goal: the picture that an authenticator app scans is the very code, black on white, with its quiet zone, and small.
 * Method: the path is drawn again, module by module, and held against the modules that the encoder gave.
 */

import { encode } from 'uqr'
import { expect, it } from 'vitest'
import { qrPicture } from '../../../admin/portal/qr-picture.ts'

/** The modules that a path of strokes covers. */
const drawn = (svg: string): readonly string[] => {
  const size = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)?.[1])
  const rows = Array.from({ length: size }, () => Array.from({ length: size }, () => '.'))
  let at = { x: 0, y: 0 }
  for (const [, command = '', first = '', second = ''] of (/ d="([^"]*)"/.exec(svg)?.[1] ?? '').matchAll(
    /([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?/g,
  )) {
    if (command === 'M') at = { x: Number(first), y: Math.floor(Number(second)) }
    else if (command === 'm') at = { ...at, x: at.x + Number(first) }
    else {
      for (let x = at.x; x < at.x + Number(first); x += 1) rows[at.y]![x] = '#'
      at = { ...at, x: at.x + Number(first) }
    }
  }
  return rows.map((row) => row.join(''))
}

it.each([
  'otpauth://totp/Riverside%20Dental:fiona%40riverside.example?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Riverside%20Dental',
  'a',
  'x'.repeat(300),
])('is the code of %s', (text) => {
  const svg = qrPicture(text)
  const { data } = encode(text, { border: 4, ecc: 'M' })
  expect(drawn(svg)).toEqual(data.map((row) => row.map((dark) => (dark ? '#' : '.')).join('')))
  expect(svg).toContain('<rect fill="white"')
  for (const row of [...data.slice(0, 4), ...data.slice(-4)]) expect(row).not.toContain(true)
  expect(svg.length).toBeLessThan(text.length < 200 ? 5_000 : 12_000)
})
