/** The server's log: one JSON object a line on standard error. */
import type { Clock } from '../engine/ports.ts'
import type { LogEntry } from '../options.ts'

const ranks = { debug: 0, info: 1, warn: 2, error: 3 } as const

/** Names of fields whose value is never written, whoever logs it. */
const secret = /secret|token|passw|cookie|authorization|grant|^code$|proof|link|url$/i

/** Longest text of one field; a log is no place for what somebody posted. */
const longest = 2_000

/** A log from this level up. `write` gets whole lines. */
export function logger(level: LogEntry['level'], clock: Clock, write: (line: string) => void = toStandardError) {
  return ({ level: of, message, ...fields }: LogEntry): void => {
    if (ranks[of] < ranks[level]) return
    const entry = { time: new Date(clock.now()).toISOString(), level: of, message }
    try {
      write(line({ ...entry, ...fields }))
    } catch {
      // A field that refers to itself, for instance: better a poor line than none, and never a fault of the log.
      write(line(entry))
    }
  }
}

/** JSON escapes what breaks lines, save what Unicode and terminals have besides. */
function line(entry: Record<string, unknown>): string {
  const text = JSON.stringify(entry, (name, value: unknown) => {
    if (secret.test(name) && value !== null) return '[left out]'
    if (value instanceof Error) return cut(`${value.name}: ${value.message}`)
    if (typeof value === 'bigint') return String(value)
    return typeof value === 'string' ? cut(value) : value
  })
  const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return `${text.replaceAll(/[\u007f-\u009f\u2028\u2029]/g, escaped)}\n`
}

const cut = (text: string): string => (text.length > longest ? `${text.slice(0, longest)}…` : text)

const toStandardError = (line: string): void => void process.stderr.write(line)
