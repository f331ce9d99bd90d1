/** What was found, in words: counts and names of columns; never an id, an address or a hash. */
import type { AccountsTable } from '../engine/ports.ts'
import type { Plan } from './plan.ts'
import type { Table } from './source.ts'
import type { Proposal } from './system.ts'

const amount = (count: number): string => count.toLocaleString('en')
const some = (count: number, one: string, many: string): string => `${amount(count)} ${count === 1 ? one : many}`

/** Under this many rows no index is needed to find one. */
const fewRows = 5_000

/** A proposal in a line. */
export const titleOf = ({ mapping, system }: Proposal): string => `"${mapping.table}" (${system})`

/** The whole of it. */
export function tell({ proposal, mapping, form, isSeen, mapped, survey }: Plan): string {
  const { accounts, shared } = survey
  const lines: string[] = [`Found ${titleOf(proposal)}: ${some(accounts, 'account', 'accounts')}`, '']
  const row = (name: string, text: string): void => void lines.push(`  ${name.padEnd(12)} ${text}`)
  row('columns', columnsOf(mapping))
  if (mapping.credentials) row('', `passwords in "${mapping.credentials.table}"."${mapping.password}"`)
  for (const [at, { name, count }] of survey.formats.entries())
    row(at === 0 ? 'passwords' : '', `${amount(count)} ${name}`)
  row('written as', isSeen ? `${form}, as the newest that can be read` : `${form}, by the system's habit: no row tells`)
  row('addresses', addressesOf(survey))
  if (shared.addresses > 0) {
    const spelled = shared.spelled > 0 ? `, ${amount(shared.spelled)} of them spelled in several ways` : ''
    row(
      '',
      `${some(shared.addresses, 'address is', 'addresses are')} those of ${amount(shared.accounts)} accounts${spelled}`,
    )
  }
  if (survey.inactive > 0)
    row('', `${some(survey.inactive, 'account is', 'accounts are')} not active, and will get no letter`)
  row('look-up', lookUpOf(mapped, accounts))
  for (const [at, what] of proposal.ends.entries()) row(at === 0 ? 'a reset ends' : '', what)
  for (const [at, what] of proposal.lasts.entries()) row(at === 0 ? 'goes on' : '', what)
  if (proposal.lasts.length > 0)
    row('', '(Latchkey does not end these: let the application do it when a password changes)')
  const notes = [...mapped.barred.map((sentence) => `In the way: ${sentence}`), ...proposal.notes]
  if (notes.length > 0) lines.push('', ...notes.map((note) => `  - ${note}`))
  return `${lines.join('\n')}\n`
}

const columnsOf = ({ table: _, where, credentials, compare, ...parts }: AccountsTable): string =>
  [
    ...Object.entries(parts)
      .filter(([part]) => part !== 'password' || !credentials)
      .map(([part, column]) => (part === column ? part : `${part} "${String(column)}"`)),
    ...(where
      ? [
          `only rows with ${Object.entries(where)
            .map(([name, value]) => `"${name}" ${value === null ? 'empty' : JSON.stringify(value)}`)
            .join(', ')}`,
        ]
      : []),
    ...(compare === 'lower' ? ['addresses in lower case only'] : []),
  ].join(', ')

function addressesOf({ accounts, missing, odd, capitals }: Plan['survey']): string {
  if (accounts === 0) return 'none yet'
  const parts = [
    ...(missing > 0 ? [`${amount(missing)} without one`] : []),
    ...(odd > 0 ? [`${amount(odd)} that are none`] : []),
    ...(capitals > 0 ? [`${amount(capitals)} with capitals`] : []),
  ]
  return parts.length === 0 ? 'every account has one, in lower case' : parts.join(', ')
}

function lookUpOf({ index, advice }: Plan['mapped'], accounts: number): string {
  if (index !== null) return `by the index "${index}"`
  if (accounts < fewRows) return 'reads every row, which does not matter with so few'
  return advice === null ? 'reads every row' : `reads every row. Better: ${advice}`
}

/** What there is, where nothing fits. */
export const tellNothing = (place: string, tables: readonly Table[]): string =>
  tables.length === 0
    ? `${place} has no tables that this user may read.\n`
    : `None of the ${amount(tables.length)} tables of ${place} has a column of addresses and one of passwords that Latchkey knows by name.\nWrite the mapping by hand: docs/adopt/any-table.md.\n`
