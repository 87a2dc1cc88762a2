/**
 * A logo for tests and pictures: a PNG that is drawn here, so that no picture has to be kept with the code.
 *
 * Not an encoder: one size, one shape. Invariant: every byte of it is made by these lines.
 */
import { crc32, deflateSync } from 'node:zlib'

const size = { width: 240, height: 72 }

const chunk = (name: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const around = Buffer.alloc(8)
  around.writeUInt32BE(data.length, 0)
  around.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)])
}

/** Waves of two colours on white. */
const pixel = (x: number, y: number): readonly [number, number, number] => {
  const wave = 36 + 18 * Math.sin(x / 18)
  if (y > wave) return [10, 92, 143]
  return y > wave - 14 ? [63, 169, 160] : [255, 255, 255]
}

/** The logo as a file. */
export const logoPicture = (): Buffer => {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(size.width, 0)
  head.writeUInt32BE(size.height, 4)
  head.set([8, 2, 0, 0, 0], 8)
  const rows = Array.from({ length: size.height }, (_, y) => [
    0,
    ...Array.from({ length: size.width }, (__, x) => pixel(x, y)).flat(),
  ])
  const drawn = deflateSync(Buffer.from(rows.flat()))
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    ...[chunk('IHDR', head), chunk('IDAT', drawn), chunk('IEND', Buffer.alloc(0))],
  ])
}
