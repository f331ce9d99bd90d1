/** What a walk through the chain can find, and how it is told to a person. */

import { timeOf } from './export.ts'

/** One thing that is not as it was sealed. */
export type Finding =
  | { readonly kind: 'event-altered' | 'event-added' | 'person-altered'; readonly seq: number }
  | {
      readonly kind: 'events-missing'
      readonly number: number
      readonly missing: number
      readonly seqs: readonly number[]
    }
  | { readonly kind: 'segment-altered' | 'segment-joins-not' | 'segment-holds-not'; readonly number: number }
  | { readonly kind: 'segment-key'; readonly number: number; readonly keyId: string }
  | { readonly kind: 'segments-missing' | 'end-cut-off'; readonly first: number; readonly last: number }
  | { readonly kind: 'checkpoint-altered' }
  | { readonly kind: 'checkpoint-key'; readonly keyId: string }
  | { readonly kind: 'emptied'; readonly events: number }
  | { readonly kind: 'shortened'; readonly last: number }
  | { readonly kind: 'broken'; readonly seq: number; readonly at: number; readonly because: string }
  | {
      readonly kind: 'head-forged' | 'head-rewritten' | 'head-cut-off'
      readonly line: number
      readonly segment: number
    }
  | { readonly kind: 'head-key'; readonly line: number; readonly keyId: string }

/** The finding in a plain sentence. */
export function sentence(finding: Finding): string {
  switch (finding.kind) {
    case 'event-altered':
      return `Event ${finding.seq} was altered after it was sealed, or put in its place.`
    case 'event-added':
      return `Event ${finding.seq} was put in after the events around it were sealed.`
    case 'person-altered':
      return `Account, network or agent of event ${finding.seq} were altered after it was sealed.`
    case 'events-missing':
      return `${missing(finding.missing, finding.seqs)} of segment ${finding.number} ${finding.missing === 1 ? 'is' : 'are'} missing.`
    case 'segment-altered':
      return `Segment ${finding.number} was altered, or made without the key: nothing in it is proved.`
    case 'segment-joins-not':
      return `Segment ${finding.number} does not follow the one before it: one of the two is not the original.`
    case 'segment-holds-not':
      return `The events of segment ${finding.number} are not those that were sealed in it.`
    case 'segment-key':
      return `Segment ${finding.number} was sealed under the key ${finding.keyId}, which is not known here: ${earlier}.`
    case 'segments-missing':
      return finding.first === finding.last
        ? `Segment ${finding.first} is missing, with no checkpoint that says it was removed.`
        : `Segments ${finding.first} to ${finding.last} are missing, with no checkpoint that says they were removed.`
    case 'end-cut-off':
      return `The end of the chain was cut off: events ${finding.first} to ${finding.last} were sealed, and their segments are gone.`
    case 'checkpoint-altered':
      return 'The checkpoint was altered, or made without the key: what is said to have been removed may be more than was.'
    case 'checkpoint-key':
      return `The checkpoint was made under the key ${finding.keyId}, which is not known here: ${earlier}.`
    case 'emptied':
      return `Of ${finding.events} ${finding.events === 1 ? 'event' : 'events'} account, network and agent were taken out, and no erasure tells of it.`
    case 'shortened':
      return `Networks and agents were taken out up to event ${finding.last}, and no shortening tells of it.`
    case 'broken':
      return `Event ${finding.seq}: at ${timeOf(finding.at)} the sealer found that ${finding.because}.`
    case 'head-forged':
      return `Line ${finding.line}: the head of segment ${finding.segment} bears a signature that is not ours.`
    case 'head-rewritten':
      return `Line ${finding.line}: segment ${finding.segment} is not the one that was exported: the chain was rewritten from there or before.`
    case 'head-cut-off':
      return `Line ${finding.line}: segment ${finding.segment} was exported and is not in the database: the chain was cut off, or an older copy put back.`
    case 'head-key':
      return `Line ${finding.line}: the head was signed under the key ${finding.keyId}, which is not known here: ${earlier}.`
  }
}

const earlier = 'give the earlier secret in SECRET_KEY_FALLBACKS'

function missing(count: number, seqs: readonly number[]): string {
  if (count === 1) return seqs.length === 1 ? `Event ${seqs[0]}` : 'One event'
  const [first, last] = [seqs[0], seqs.at(-1)]
  if (first === undefined || last === undefined || seqs.length > 10) return `${count} events`
  return last - first === seqs.length - 1 ? `Events ${first} to ${last}` : `Events ${seqs.join(', ')}`
}
