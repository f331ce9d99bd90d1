/** Where signed heads go: to the log, and to a file or a function besides. */
import { appendFile, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Head } from '../engine/seal.ts'

/** A function of the host application's that keeps heads elsewhere. */
export type GiveHead = (head: Head) => void | Promise<void>

/** How long a function may take, in milliseconds. */
const patience = 10_000

/** Gives a head away. One that could not be given is told of; the next one covers what it covered. */
export function giver(
  to: string | GiveHead | undefined,
  log: (level: 'debug' | 'info' | 'error', message: string, fields: Record<string, unknown>) => void,
  level: 'debug' | 'info',
): (head: Head) => Promise<void> {
  return async (head) => {
    log(level, 'the audit is sealed to here', { head })
    try {
      if (typeof to === 'string') await append(to, head)
      else if (to) await within(patience, async () => to(head))
    } catch (error) {
      log('error', 'a head of the audit could not be given away', { error: String(error) })
    }
  }
}

async function append(file: string, head: Head): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await appendFile(file, `${JSON.stringify(head)}\n`, { mode: 0o600 })
}

async function within(ms: number, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${ms / 1000} s`)), ms)
  })
  try {
    await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}
