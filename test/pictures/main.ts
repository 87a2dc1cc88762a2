/**
 * `npm run pictures [pages] [console]`: pictures of what people meet, into `.cache/pictures`, to be looked at.
 *
 * No argument: all there are. It is no test and compares nothing. Invariant: it writes below its own folder only, and a room that
 * fails leaves the exit code 1, so that nobody looks at old pictures for new ones.
 */
import { cachePath } from '../support/cache-folder.ts'
import { takeConsolePictures } from './console.ts'
import { takePagePictures } from './pages.ts'

const rooms: Readonly<Record<string, (folder: string, only?: string) => Promise<number>>> = {
  pages: takePagePictures,
  console: takeConsolePictures,
}

const [first = '', ...rest] = process.argv.slice(2)
const isRoom = (word: string): boolean => Object.hasOwn(rooms, word)
const wished = [first, ...rest].filter(isRoom)
const only = [first, ...rest].find((word) => word !== '' && !isRoom(word)) ?? ''

for (const room of wished.length === 0 ? Object.keys(rooms) : wished) {
  const folder = cachePath('pictures', room)
  const count = await rooms[room]?.(folder, only)
  process.stdout.write(`${count} pictures in ${folder}\n`)
}
