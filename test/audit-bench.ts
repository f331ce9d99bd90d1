/** An audit and nothing else on a store: no event is there but those that a test notes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { own } from '../src/accounts/own.ts'
import { type AuditOptions, type Auditor, auditor } from '../src/audit/auditor.ts'
import { event } from '../src/engine/audit.ts'
import { keyring } from '../src/engine/keys.ts'
import type { Database, Kit } from '../src/engine/ports.ts'
import type { LogEntry } from '../src/options.ts'
import { memory } from '../src/stores/memory.ts'
import { sqlite } from '../src/stores/sqlite.ts'
import { systemRandom } from '../src/system.ts'
import { type TurnableClock, testClock } from '../src/testing/index.ts'

export const benchSecret = 'mB3rV0qTz8xWf1LkYcN5uJ7sD2hGpA9eQ4iR6oXt'

/** Who notes what the tests note. */
export const caller = { network: '192.0.2.77', agent: 'a browser', requestId: 'r1' }

/** An open audit. */
export type AuditBench = {
  readonly kit: Pick<Kit, 'store' | 'random' | 'keys'> & { readonly clock: TurnableClock }
  readonly store: Kit['store']
  readonly clock: TurnableClock
  readonly audit: Auditor
  readonly log: LogEntry[]
  readonly alarms: string[]
  /** Empty on the memory store. */
  readonly file: string
}

type Settings = { readonly secret?: string; readonly audit?: AuditOptions }

/** Opens one on a database. */
export async function openAudit(database: Database, file: string, settings: Settings = {}): Promise<AuditBench> {
  await database.migrate(own, true)
  const { store } = await database.open(own, true)
  const clock = testClock()
  const log: LogEntry[] = []
  const alarms: string[] = []
  const kit = { store, clock, random: systemRandom, keys: keyring(settings.secret ?? benchSecret) }
  const audit = auditor({
    kit,
    options: settings.audit ?? {},
    alarm: (name) => void alarms.push(name),
    log: (level, message, fields) => void log.push({ level, message, ...fields }),
  })
  return { kit, store, clock, audit, log, alarms, file }
}

/** A second process's auditor on the same store, which knows nothing of the first. */
export const another = ({ kit }: Pick<AuditBench, 'kit'>, options: AuditOptions = {}, keys = kit.keys): Auditor =>
  auditor({ kit: { ...kit, keys }, options, alarm: () => {}, log: () => {} })

/** Notes events of an account and seals them, so many to a segment. */
export async function sealed(bench: AuditBench, counts: readonly number[], accountId = '7'): Promise<void> {
  for (const count of counts) {
    for (let i = 0; i < count; i++) {
      await bench.store.note(event(bench.clock.now(), 'session.refused', caller, { accountId, because: `try ${i}` }))
    }
    await bench.audit.seal()
  }
}

type Story = (open: (settings?: Settings) => Promise<AuditBench>) => Promise<void>

/** Declares the test once for each store; what it opens is closed and removed after it. */
export function auditOnEachStore(name: string, story: Story): void {
  auditInMemory(`${name} (memory)`, story)
  auditOnSqlite(`${name} (SQLite)`, story)
}

/** Declares a test for which the store makes no difference. */
export function auditInMemory(name: string, story: Story): void {
  test(name, () => within(() => ({ database: memory(), file: '' }), story))
}

/** Declares a test that looks into the database file itself. */
export function auditOnSqlite(name: string, story: Story): void {
  test(name, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-audit-'))
    let files = 0
    const make = () => {
      const file = join(folder, `${files++}.db`)
      return { database: sqlite(file), file }
    }
    try {
      await within(make, story)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

async function within(make: () => { database: Database; file: string }, story: Story): Promise<void> {
  const opened: AuditBench[] = []
  try {
    await story(async (settings) => {
      const { database, file } = make()
      const bench = await openAudit(database, file, settings)
      opened.push(bench)
      return bench
    })
  } finally {
    for (const bench of opened) await bench.store.close()
  }
}
