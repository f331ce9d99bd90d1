/**
 * Alarms reach operators: in the log at once, as an event, and by mail to those who are named for it, each kind once an
 * hour at most over all processes. They leave beside the outbox, for it may be what is wrong, and no request waits for one.
 */
import { event, nobody } from '../engine/audit.ts'
import { fresh } from '../engine/keys.ts'
import type { Alarm, AlarmName, Clock, Mailer, Random, Store } from '../engine/ports.ts'
import { byTheClock } from '../words/clock.ts'
import { fallbackLocale, speaker } from '../words/index.ts'
import { words } from './letters/block.ts'
import { write } from './letters/write.ts'

/** What alarms are made of. */
export type AlarmParts = {
  /** Counts and notes; where it does not answer, the letter leaves all the same. */
  readonly store: Pick<Store, 'take' | 'note'>
  readonly clock: Clock
  readonly random: Random
  readonly log: (level: 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
  /** Whose letters they are: plain addresses. Empty: none is mailed. */
  readonly to: readonly string[]
  /** Made for the first letter; from the operators' sender. */
  readonly mailer: () => Mailer
  /** Which installation it is. */
  readonly host: string
  /** Milliseconds before each try of a letter. Default: at once, after ten seconds, a minute, five minutes. */
  readonly waits?: readonly number[]
}

/** Raises alarms; `close` lets what is on its way finish, five seconds at most. */
export type Alarms = { readonly raise: Alarm; close(): Promise<void> }

const hour = 3_600_000
const sendMs = 30_000
const closeMs = 5_000

/** Alarms of one process. */
export function alarms(parts: AlarmParts): Alarms {
  const raised = new Map<AlarmName, number>()
  const pending = new Set<Promise<void>>()
  const [stopping, breakingOff] = [new AbortController(), new AbortController()]
  let made: Mailer | null = null
  const mailer = (): Mailer => {
    made ??= parts.mailer()
    return made
  }

  async function tell(name: AlarmName, at: number): Promise<void> {
    const take = { limit: 'alarm-letters', key: `alarm ${name}`, windows: [{ max: 1, ms: hour }] } as const
    const { hits } = await parts.store.take([take], at, null).catch(() => ({ hits: [] }))
    if (hits.length > 0) return
    await parts.store.note(event(at, 'alarm.raised', nobody, { because: name })).catch(() => {})
    await Promise.all(parts.to.map((to) => deliver(name, at, to)))
  }

  /** Tries a few times, and gives up with a line in the log. */
  async function deliver(name: AlarmName, at: number, to: string): Promise<void> {
    const messageId = `<${fresh(parts.random, 16)}@${parts.host}>`
    const letter = { to, ...letterOf(parts.host, name, at), messageId, locale: fallbackLocale }
    for (const ms of parts.waits ?? [0, 10_000, 60_000, 300_000]) {
      await pause(ms, stopping.signal)
      try {
        await mailer().send(letter, AbortSignal.any([AbortSignal.timeout(sendMs), breakingOff.signal]))
        return
      } catch (error) {
        const because = error instanceof Error ? error.message.slice(0, 200) : 'unknown'
        parts.log('warn', 'an alarm could not be mailed', { alarm: name, because })
      }
      if (stopping.signal.aborted) return
    }
  }

  return {
    raise(name) {
      const at = parts.clock.now()
      const before = raised.get(name)
      if (before !== undefined && at >= before && at - before < hour) return
      raised.set(name, at)
      parts.log('error', say(`alarm.${name}`), { alarm: name })
      const told = tell(name, at).finally(() => pending.delete(told))
      pending.add(told)
    },
    async close() {
      stopping.abort()
      const timer = setTimeout(() => breakingOff.abort(), closeMs)
      await Promise.all(pending)
      clearTimeout(timer)
      await made?.close()
    },
  }
}

const say = speaker(fallbackLocale)

function letterOf(host: string, name: AlarmName, at: number) {
  const what = say(`alarm.${name}`)
  const since = say('alarm.at', { what, at: byTheClock(fallbackLocale, at) })
  const draft = {
    subject: say('alarm.subject', { host, what }),
    preview: since,
    blocks: [words(since), words(say(`alarm.${name}.text`)), words(say('alarm.once'))],
  }
  const brand = { name: 'Latchkey', longName: 'Latchkey', team: '' }
  return write(draft, { locale: fallbackLocale, brand }, say('alarm.footer'))
}

/** Wakes at once when it is stopped; keeps no process from ending. */
const pause = (ms: number, stopped: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (ms === 0 || stopped.aborted) return resolve()
    setTimeout(resolve, ms).unref()
    stopped.addEventListener('abort', () => resolve(), { once: true })
  })
