/** The table of sessions by one of these names, whose rows name an account in one of these columns. */
export function sessionsIn(
  tables: readonly Table[],
  names: readonly string[],
  columns: readonly string[],
): SessionsTable | undefined {
  const table = tables.find(({ name, isView }) => !isView && names.includes(name))
  const account = table && columnNamed(table, ...columns)
  return table && account ? { table: table.name, account } : undefined
}

/** Columns that many systems have under one of a few names. */
import type { AccountsTable, Conditions, SessionsTable } from '../engine/ports.ts'
import { columnNamed, type Table } from './source.ts'

/** What is mapped by its name alone: user name, language, second factor, rows that are deleted. */
export function usual(table: Table): Pick<AccountsTable, 'username' | 'locale' | 'secondFactor' | 'where'> {
  return {
    username: columnNamed(table, 'username', 'user_name', 'login', 'nickname'),
    locale: columnNamed(table, 'locale', 'lang_key', 'language', 'preferred_language', 'lang'),
    secondFactor: columnNamed(
      table,
      'two_factor_enabled',
      'two_factor_confirmed_at',
      'otp_required_for_login',
      'mfa_enabled',
      'totp_enabled',
      'totp_secret',
      'otp_secret',
    ),
    where: undeleted(table),
  }
}

/** What says that an address was confirmed. */
export const verified = (table: Table): string | undefined =>
  columnNamed(
    table,
    'email_verified',
    'email_verified_at',
    'is_verified',
    'verified',
    'email_confirmed',
    'email_confirmed_at',
    'confirmed_at',
    'is_email_verified',
    'verified_at',
  )

/** What says that an account may be used. */
export const active = (table: Table): string | undefined =>
  columnNamed(table, 'is_active', 'active', 'enabled', 'is_enabled', 'activated')

/** Rows that are deleted and still there are no accounts. */
export function undeleted(table: Table): Conditions | undefined {
  const time = columnNamed(table, 'deleted_at', 'discarded_at', 'date_deleted')
  const flag = columnNamed(table, 'is_deleted', 'deleted', 'soft_deleted')
  if (time === undefined && flag === undefined) return undefined
  return { ...(time === undefined ? {} : { [time]: null }), ...(flag === undefined ? {} : { [flag]: false }) }
}
