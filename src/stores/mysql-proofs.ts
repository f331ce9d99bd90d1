/**
 * What becomes of a challenge when its letter finds the account, and when the password, or its hash, is written. All hold
 * the account first, then its row, then its challenges in order of id, so that no two wait for each other.
 */
import type { Binding, Challenge, Change, Renewal } from '../engine/ports.ts'
import { bound } from './binding.ts'
import { draftOf } from './draft.ts'
import { isAsGranted, type Open } from './live.ts'
import type { Mysql } from './mysql-pool.ts'
import { challengeColumns, lock, setChallenges, statementsOf } from './mysql-rows.ts'
import { expiryFor, type Id, integerOf, type Users } from './mysql-users.ts'
import type { Statement } from './transaction.ts'

/** What operations on one account hold. */
export const holds = (accountId: string): string => `account ${accountId}`

/** The operations of this file. */
export const proofOperations = (db: Mysql, users: Users, onQueued: () => void) => ({
  bind: (binding: Binding): Promise<Challenge | null> => bind(db, users, binding),
  async change(change: Change): Promise<boolean> {
    const won = await changeIn(db, users, change)
    if (won) onQueued()
    return won
  },
  renewHash: (renewal: Renewal): Promise<boolean> => renewIn(db, users, renewal),
})

function bind(db: Mysql, users: Users, binding: Binding): Promise<Challenge | null> {
  const { challengeId, accountId, column } = binding
  const row = column && users.reset ? users.idValue(accountId) : null
  return db.transaction(async (transaction) => {
    const answers = await transaction.all(lock([holds(accountId)]), idsFor(binding))
    const ids = answers.at(-1)!.rows.map(({ id }) => String(id))
    if (ids.length === 0) return null
    const [held] = await transaction.all({
      text: `SELECT ${challengeColumns} FROM latchkey_challenges WHERE id IN ($1) ORDER BY id FOR UPDATE`,
      values: [ids],
    })
    const { changes, mailed } = bound(held!.rows as unknown as Challenge[], binding)
    const writes: Statement[] = changes.length > 0 ? [setChallenges(changes)] : []
    if (column && row !== null && mailed?.id === challengeId) writes.push(setColumns(users, row, column))
    if (writes.length > 0) await transaction.commit(...writes)
    return mailed
  })
}

/** The one that was asked for, the one whose proof it mails, and the account's own that are open. */
const idsFor = ({ challengeId, accountId, at }: Binding): Statement => ({
  text: `SELECT id FROM latchkey_challenges WHERE id = $1
    UNION SELECT mails FROM latchkey_challenges WHERE id = $1
    UNION SELECT id FROM latchkey_challenges WHERE account_id = $2 AND state = 'open'
      AND mails = id AND expires_at > $3 AND flow = (SELECT flow FROM latchkey_challenges WHERE id = $1)`,
  values: [challengeId, accountId, at],
})

const setColumns = (users: Users, row: Id, column: NonNullable<Binding['column']>): Statement => ({
  text: `UPDATE ${users.table} SET ${users.reset!.assign} WHERE ${users.hasId(3)}`,
  values: [column.reference, expiryFor(users, column.expiresAt), row],
})

function changeIn(db: Mysql, users: Users, change: Change): Promise<boolean> {
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
    const ended =
      users.endSessions === null ? [] : [{ text: users.endSessions, values: [account.id, integerOf(account.id)] }]
    const also = closing(account.id, account.passwordHash, change.at, change, open)
    await transaction.commit(...clearing(users, row), ...ended, ...also, ...statementsOf(draft.written()))
    return true
  })
}

function renewIn(db: Mysql, users: Users, renewal: Renewal): Promise<boolean> {
  const { id } = renewal.account
  const row = users.idValue(id)
  return db.transaction(async (transaction) => {
    if (row === null) return false
    const [, set, found] = await transaction.all(lock([holds(id)]), setPassword(users, row, renewal), challengesOf(id))
    if (set!.count !== 1) return false
    const draft = draftOf(new Map(), new Map())
    draft.note(renewal.event)
    const open = found!.rows as Open[]
    await transaction.commit(...clearing(users, row), closeAll(open), ...statementsOf(draft.written()))
    return true
  })
}

/** Set only where the account is as it was seen: of any number at once, one finds it so. */
function setPassword(users: Users, row: Id, { account, passwordHash }: Change | Renewal): Statement {
  const { passwordHash: old, email, verified, active, secondFactor, signOn } = account
  return {
    text: users.setPassword,
    values: [passwordHash, row, old, email, verified, active, secondFactor, signOn],
  }
}

/** Those of an account, or of what stands for it among several, held. */
export const challengesOf = (...bound: readonly string[]): Statement => ({
  text: `SELECT id, nonce, account_id AS accountId FROM latchkey_challenges
    WHERE account_id IN ($1) AND state <> 'closed' ORDER BY id FOR UPDATE`,
  values: [bound],
})

const clearing = (users: Users, row: Id): Statement[] =>
  users.clearReset === null ? [] : [{ text: users.clearReset, values: [row] }]

/** Closes them. */
export const closeAll = (open: readonly Pick<Challenge, 'id'>[]): Statement => ({
  text: `UPDATE latchkey_challenges SET state = 'closed' WHERE id IN ($1)`,
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
    text: 'INSERT INTO latchkey_history (account_id, password_hash, replaced_at) VALUES ($1)',
    values: [[id, old, at]],
  }
  return [
    ...(open.length > 0 ? [closeAll(open)] : []),
    { text: 'DELETE FROM latchkey_sessions WHERE account_id = $1', values: [id] },
    ...(old !== null && history > 0 ? [remember] : []),
    {
      // MySQL deletes by no question about the same table, but by one that was answered before.
      text: `DELETE FROM latchkey_history WHERE account_id = $1 AND seq NOT IN (SELECT seq FROM
        (SELECT seq FROM latchkey_history WHERE account_id = $1 ORDER BY seq DESC LIMIT $2) AS kept)`,
      values: [id, history],
    },
    ...(forget.length > 0 ? [{ text: 'DELETE FROM latchkey_limits WHERE name IN ($1)', values: [forget] }] : []),
  ]
}
