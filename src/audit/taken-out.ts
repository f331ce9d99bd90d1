/**
 * Whether what was taken out from beside the seal was taken out by us: an erasure tells in an event of its own, which is
 * sealed like any other, how many events it emptied; a shortening, up to which number it went.
 */
import type { AuditRow } from '../engine/seal.ts'
import type { Finding } from './findings.ts'

/** What was emptied in the name of one erasure. */
type Emptied = { count: number; readonly accountKeys: Set<string> }

/** Given every event in order, then the end. Holds a little for each erasure that it has not met yet. */
export function takenOut(found: (finding: Finding) => void) {
  const emptied = new Map<number, Emptied>()
  let shortest = 0
  let told = 0
  const noteEmptied = ({ erasedBy, accountKey }: AuditRow): void => {
    const one = emptied.get(erasedBy ?? 0) ?? { count: 0, accountKeys: new Set() }
    one.count++
    if (accountKey) one.accountKeys.add(accountKey)
    emptied.set(erasedBy ?? 0, one)
  }
  /** An erasure empties as many events as it says, of one account and of none. */
  const meet = ({ seq, because, accountKey }: AuditRow, { count, accountKeys }: Emptied): void => {
    const most = Number(/^(\d+) events?,/.exec(because ?? '')?.[1] ?? 0)
    const its = (accountKey ?? '').split(' ')
    const others = [...accountKeys].filter((one) => !its.includes(one)).length
    if (count > most || others > 0) found({ kind: 'emptied', events: Math.max(count - most, others) })
    emptied.delete(seq)
  }
  return {
    see(row: AuditRow): void {
      const { seq, name, salt, seal, because } = row
      if (seal !== null && salt === null) noteEmptied(row)
      if (salt?.startsWith('s')) shortest = seq
      if (name === 'audit.shortened') told = Math.max(told, Number(/^events to (\d+)$/.exec(because ?? '')?.[1] ?? 0))
      const before = emptied.get(seq)
      if (name === 'audit.erased' && before) meet(row, before)
    },
    end(): void {
      const events = [...emptied.values()].reduce((sum, { count }) => sum + count, 0)
      if (events > 0) found({ kind: 'emptied', events })
      if (shortest > told) found({ kind: 'shortened', last: shortest })
    },
  }
}
