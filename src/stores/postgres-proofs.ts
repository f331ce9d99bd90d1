/**
 * What becomes of a challenge when its letter finds the account, and when the password, or its hash, is written. All hold
 * the account first, then its row, then its challenges in order of id, so that no two wait for each other.
 */
import type { Binding, Challenge, Change, Renewal } from '../engine/ports.ts'
import { bound } from './binding.ts'
import { draftOf } from './draft.ts'
import { isAsGranted, type Open } from './live.ts'
import type { Postgres, Statement } from './postgres-pool.ts'
import { challengeColumns, lock, setChallenges, statementsOf } from './postgres-rows.ts'
import { expiryFor, type Users } from './postgres-users.ts'

/** What operations on one account hold. */
export const holds = (accountId: string): string => `account ${accountId}`

/** The operations of this file. */
export const proofOperations = (db: Postgres, users: Users, wakes: boolean, onQueued: () => void) => ({
  bind: (binding: Binding): Promise<Challenge | null> => bind(db, users, binding),
  async change(change: Change): Promise<boolean> {
    const won = await changeIn(db, users, wakes, change)
    if (won) onQueued()
    return won
  },
  renewHash: (renewal: Renewal): Promise<boolean> => renewIn(db, users, renewal),
})

function bind(db: Postgres, users: Users, binding: Binding): Promise<Challenge | null> {
  const { challengeId, accountId, column } = binding
  const row = column && users.reset ? users.idValue(accountId) : null
  return db.transaction(async (transaction) => {
    const answers = await transaction.all(
      lock([holds(accountId)]),
      ...(row === null ? [] : [holdRow(users, row)]),
      challengesFor(binding),
    )
    const found = answers.at(-1)!.rows as unknown as Challenge[]
    const { changes, mailed } = bound(found, binding)
    const writes: Statement[] = changes.length > 0 ? [setChallenges(changes)] : []
    if (column && row !== null && mailed?.id === challengeId) writes.push(setColumns(users, row, column))
    if (writes.length > 0) await transaction.commit(...writes)
    return mailed
  })
}

/** The one that was asked for, the one whose proof it mails, and the account's own that are open. */
const challengesFor = ({ challengeId, accountId, at }: Binding): Statement => ({
  text: `SELECT ${challengeColumns} FROM latchkey_challenges WHERE id IN (
      SELECT $1 UNION SELECT mails FROM latchkey_challenges WHERE id = $1
      UNION SELECT id FROM latchkey_challenges WHERE account_id = $2 AND state <> 'closed' AND state = 'open'
        AND mails = id AND expires_at > $3 AND flow = (SELECT flow FROM latchkey_challenges WHERE id = $1))
    ORDER BY id FOR UPDATE`,
  values: [challengeId, accountId, at],
})

const holdRow = (users: Users, row: string): Statement => ({
  text: `SELECT FROM ${users.table} WHERE ${users.id} = ${users.idParameter(1)} FOR NO KEY UPDATE`,
  values: [row],
})

const setColumns = (users: Users, row: string, column: NonNullable<Binding['column']>): Statement => ({
  text: `UPDATE ${users.table} SET ${users.reset!.assign} WHERE ${users.id} = ${users.idParameter(3)}`,
  values: [column.reference, expiryFor(users, column.expiresAt), row],
})

function changeIn(db: Postgres, users: Users, wakes: boolean, change: Change): Promise<boolean> {
  const { account, challenge } = change
  const row = users.idValue(account.id)
  const bound = [account.id, challenge?.boundTo ?? account.id]
  return db.transaction(async (transaction) => {
    if (row === null) return false
    const [, set, found] = await transaction.all(
      lock([...bound.map(holds), ...change.forget]),
      setPassword(users, row, change),
      challengesOf(...bound),
    )
    const open = found!.rows as Open[]
    const isGood = !challenge || open.some(isAsGranted(challenge))
    if (set!.count !== 1 || !isGood) return false
    const draft = draftOf(new Map(), new Map())
    if (change.session) draft.openSession(change.session)
    draft.queue(change.letter)
    draft.note(change.event)
    const ended = users.endSessions === null ? [] : [{ text: users.endSessions, values: [account.id] }]
    const also = closing(account.id, account.passwordHash, change.at, change, open)
    const written = statementsOf(draft.written(), wakes)
    await transaction.commit(...clearing(users, row), ...ended, ...also, ...written)
    return true
  })
}

function renewIn(db: Postgres, users: Users, renewal: Renewal): Promise<boolean> {
  const { id } = renewal.account
  const row = users.idValue(id)
  return db.transaction(async (transaction) => {
    if (row === null) return false
    const [, set, found] = await transaction.all(lock([holds(id)]), setPassword(users, row, renewal), challengesOf(id))
    if (set!.count !== 1) return false
    const draft = draftOf(new Map(), new Map())
    draft.note(renewal.event)
    const open = found!.rows as Open[]
    await transaction.commit(...clearing(users, row), closeAll(open), ...statementsOf(draft.written(), false))
    return true
  })
}

/** Set only where the account is as it was seen: of any number at once, one finds it so. */
function setPassword(users: Users, row: string, { account, passwordHash }: Change | Renewal): Statement {
  const { passwordHash: old, email, verified, active, secondFactor, signOn } = account
  return {
    text: users.setPassword,
    values: [passwordHash, row, old, email, verified, active, secondFactor, signOn],
  }
}

/** Those of an account, or of what stands for it among several, held. */
export const challengesOf = (...bound: readonly string[]): Statement => ({
  text: `SELECT id, nonce, account_id AS "accountId" FROM latchkey_challenges
    WHERE account_id = ANY($1::text[]) AND state <> 'closed' ORDER BY id FOR UPDATE`,
  values: [bound],
})

const clearing = (users: Users, row: string): Statement[] =>
  users.clearReset === null ? [] : [{ text: users.clearReset, values: [row] }]

/** Closes them. */
export const closeAll = (open: readonly Pick<Challenge, 'id'>[]): Statement => ({
  text: `UPDATE latchkey_challenges SET state = 'closed' WHERE id = ANY($1::text[])`,
  values: [open.map((one) => one.id)],
})

/** What goes with a change: the account's other proofs, its sessions, its counts, and the oldest of its passwords. */
export function closing(
  id: string,
  old: string | null,
  at: number,
  { history, forget }: Pick<Change, 'history' | 'forget'>,
  open: readonly Open[],
): Statement[] {
  const remember = {
    text: 'INSERT INTO latchkey_history (account_id, password_hash, replaced_at) VALUES ($1, $2, $3)',
    values: [id, old, at],
  }
  return [
    closeAll(open),
    { text: 'DELETE FROM latchkey_sessions WHERE account_id = $1', values: [id] },
    ...(old !== null && history > 0 ? [remember] : []),
    {
      text: `DELETE FROM latchkey_history WHERE seq IN
        (SELECT seq FROM latchkey_history WHERE account_id = $1 ORDER BY seq DESC OFFSET $2)`,
      values: [id, history],
    },
    ...(forget.length > 0
      ? [{ text: 'DELETE FROM latchkey_limits WHERE key = ANY($1::text[])', values: [forget] }]
      : []),
  ]
}
