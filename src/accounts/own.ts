/** Latchkey's own table of accounts; the store's migration makes it, and `created_at` besides. */
import type { AccountsTable } from '../engine/ports.ts'

/** What stands in for a mapping where an application has no table of its own. */
export const own: AccountsTable = {
  table: 'users',
  id: 'id',
  email: 'email',
  password: 'password_hash',
  username: 'username',
  verified: 'email_verified',
  active: 'is_active',
  locale: 'locale',
}

/** Whether a mapping is that of our own table, also when it was read from a file. */
export const isOwn = (table: AccountsTable): boolean =>
  (Object.keys({ ...own, ...table }) as (keyof AccountsTable)[]).every((part) => table[part] === own[part])

/** What stands in for a mapping where accounts are elsewhere: a table of ours that is always empty. */
export const elsewhere: AccountsTable = { table: 'latchkey_nobody', id: 'id', email: 'email', password: 'password' }

/** Whether a mapping stands in for accounts that are elsewhere. */
export const isElsewhere = ({ table }: AccountsTable): boolean => table === elsewhere.table
