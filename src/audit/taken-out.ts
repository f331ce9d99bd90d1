/**
 * Whether what was taken out from beside the seal was taken out by us: an erasure tells in an event of its own, which is
 * sealed like any other, how many events it emptied; a shortening, up to which number it went.
 */
import type { AuditRow } from '../engine/seal.ts'
import type { Finding } from './findings.ts'

/** Given every event in order, then the end. Holds a number for each erasure that it has not met yet. */
export function takenOut(found: (finding: Finding) => void) {
  const emptied = new Map<number, number>()
  let shortest = 0
  let told = 0
  return {
    see({ seq, name, salt, seal, because, erasedBy }: AuditRow): void {
      if (seal !== null && salt === null) emptied.set(erasedBy ?? 0, (emptied.get(erasedBy ?? 0) ?? 0) + 1)
      if (salt?.startsWith('s')) shortest = seq
      if (name === 'audit.shortened') told = Math.max(told, Number(/^events to (\d+)$/.exec(because ?? '')?.[1] ?? 0))
      const counted = emptied.get(seq)
      if (name !== 'audit.erased' || counted === undefined) return
      const most = Number(/^(\d+) events?,/.exec(because ?? '')?.[1] ?? 0)
      if (counted > most) found({ kind: 'emptied', events: counted - most })
      emptied.delete(seq)
    },
    end(): void {
      const events = [...emptied.values()].reduce((sum, count) => sum + count, 0)
      if (events > 0) found({ kind: 'emptied', events })
      if (shortest > told) found({ kind: 'shortened', last: shortest })
    },
  }
}
