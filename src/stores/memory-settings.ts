/** Settings in memory. */
import type { AuditEvent } from '../engine/audit.ts'
import type { Setting } from '../engine/ports.ts'
import { note, type Rows } from './memory-rows.ts'

/** Writes the version after the one that is there, or nothing. */
export function setSettingIn(rows: Rows, setting: Setting, event: AuditEvent | null): boolean {
  const version = rows.settings.get(setting.name)?.version ?? 0
  if (setting.version !== version + 1) return false
  rows.settings.set(setting.name, setting)
  if (event) note(rows, event)
  return true
}
