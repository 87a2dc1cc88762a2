/**
 * A QR code as SVG: one line per row of dark modules, so that the picture stays small.
 *
 * What the modules are is `uqr`'s. Invariant: black on white whatever the page's colours are, since scanners need it, with the
 * quiet zone of four modules that the standard asks for (ISO/IEC 18004). A path with a square for each module was refused: it
 * is five times as long, and a page has 30 kB for everything.
 */
import { encode } from 'uqr'

/** The dark modules of a row as commands of a path: each run of them is one stroke. */
const strokes = (row: readonly boolean[], y: number): string => {
  let path = ''
  let end: number | null = null
  for (let x = 0; x < row.length; x += 1) {
    if (row[x] !== true) continue
    const start = x
    while (row[x] === true) x += 1
    path += `${end === null ? `M${start} ${y + 0.5}` : `m${start - end} 0`}h${x - start}`
    end = x
  }
  return path
}

/** The picture of `text`, about 4 kB for the key of an authenticator app. */
export function qrPicture(text: string): string {
  const { data } = encode(text, { border: 4, ecc: 'M' })
  const size = data.length
  return `<svg aria-hidden="true" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges"><rect fill="white" width="${size}" height="${size}"/><path stroke="black" d="${data.map(strokes).join('')}"/></svg>`
}
