/** Settings in SQLite. */
import type { DatabaseSync } from 'node:sqlite'
import type { AuditEvent } from '../engine/audit.ts'
import type { Setting } from '../engine/ports.ts'
import { type Rows, rowOf } from './sqlite-rows.ts'

/** Reads them all. */
export function settingReads(db: DatabaseSync) {
  const all = db.prepare('SELECT name, value, version FROM latchkey_settings ORDER BY name')
  return { settings: (): Setting[] => all.all().map((row) => rowOf<Setting>(row)!) }
}

/** Writes one; the version that is there decides who was first. */
export function settingOperations(db: DatabaseSync, rows: Rows) {
  const write = db.prepare(`INSERT INTO latchkey_settings (name, value, version, changed_at) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (name) DO UPDATE SET value = ?2, version = ?3, changed_at = ?4 WHERE version = ?3 - 1`)
  const has = db.prepare('SELECT 1 FROM latchkey_settings WHERE name = ?')
  return {
    setSetting({ name, value, version }: Setting, at: number, event: AuditEvent | null): boolean {
      if (version < 1 || (version > 1 && !has.get(name))) return false
      if (Number(write.run(name, value, version, at).changes) === 0) return false
      if (event) rows.note(event)
      return true
    },
  }
}
