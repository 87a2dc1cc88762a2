/**
 * A mark of one process's life: its id and when it began, so that an id used again is not taken for the old process.
 *
 * Not a registry of processes: a claim file holds two marks and says who owns a data directory and what runs in it.
 * Invariant: a mark matches only the very process it was taken of. Refused: process ids alone, which a restarted
 * container gives to somebody else the same minute.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Who a process is; `began` is opaque and comparable only on the same machine. */
export type ProcessMark = { readonly pid: number; readonly began: string }

const beganOnLinux = (pid: number): string | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold spaces; field 22 (start in ticks since boot) is the 20th after it, state the 1st.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return null
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19]}`
  } catch {
    return null
  }
}

const beganElsewhere = (pid: number): string | null => {
  const said = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
  return said.status === 0 && said.stdout.trim() !== '' ? said.stdout.trim() : null
}

/** The mark of a living process; null when there is none with that id (a zombie counts as none). */
export const markOf = (pid: number): ProcessMark | null => {
  const began = process.platform === 'linux' ? beganOnLinux(pid) : beganElsewhere(pid)
  return began === null ? null : { pid, began }
}

/** Whether the process that the mark was taken of still lives. */
export const isLiving = (mark: ProcessMark): boolean => markOf(mark.pid)?.began === mark.began
