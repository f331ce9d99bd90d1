/**
 * The chain's end, signed and given away: who may write to the database can write a whole new chain only with the key,
 * and then not one that still holds what is written down elsewhere.
 */
import type { Keyring } from '../engine/keys.ts'
import type { Store } from '../engine/ports.ts'
import { type Head, isHead } from '../engine/seal.ts'
import type { Finding } from './findings.ts'

/** Heads as they were read: a line's number, and the head on it, if it holds one. */
export type HeadLine = { readonly line: number; readonly head: Head | null }

/** The head that a line holds: JSON, bare or as the field `head` of a line of the log; null for every other line. */
export function readHead(text: string): Head | null {
  if (!text.includes('"signature"')) return null
  try {
    const parsed = JSON.parse(text) as Record<string, unknown> | null
    const head = (parsed?.head ?? parsed) as Record<keyof Head, unknown> | null
    return head && isWellFormed(head) ? head : null
  } catch {
    return null
  }
}

const isWellFormed = (head: Record<keyof Head, unknown>): head is Head =>
  Number.isSafeInteger(head.segment) &&
  Number.isSafeInteger(head.last) &&
  [head.digest, head.at, head.keyId, head.signature].every((value) => typeof value === 'string')

/** How many heads the chain still holds, and how many are of segments that retention has removed. */
export type Compared = { readonly held: number; readonly removed: number }

/** Compares heads with the chain, one at a time. */
export async function compareHeads(
  { audit }: Store,
  keys: Keyring,
  lines: AsyncIterable<HeadLine>,
  found: (finding: Finding) => void,
): Promise<Compared> {
  const checkpoint = await audit.checkpoint()
  let held = 0
  let removed = 0
  for await (const { line, head } of lines) {
    if (!head) continue
    const { segment } = head
    if (!keys.find(head.keyId)) found({ kind: 'head-key', line, keyId: head.keyId })
    else if (!isHead(keys, head)) found({ kind: 'head-forged', line, segment })
    else if (checkpoint && segment < checkpoint.number) removed++
    else {
      const there = segment === checkpoint?.number ? checkpoint : (await audit.segments(segment - 1, 1))[0]
      if (there?.number !== segment) found({ kind: 'head-cut-off', line, segment })
      else if (there.digest !== head.digest) found({ kind: 'head-rewritten', line, segment })
      else held++
    }
  }
  return { held, removed }
}
