/**
 * Amazon Cognito gives out no hashes: its accounts come without a password, and their owners set one by a reset. Read are
 * what `aws cognito-idp list-users` prints and the CSV of its import.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
 * https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-using-import-tool-csv-header.html
 */
import { type Cells, underHeader } from './csv.ts'
import { jsonRows } from './json-rows.ts'
import { type Input, type Item, ignore, isObject, type Source, truthIn } from './source.ts'

/** Cognito. */
export const cognito: Source = {
  title: "Amazon Cognito's users",
  items: (input) => (/^\s*[[{]/.test(input.head) ? fromJson(input) : underHeader(input, ofCells, inCsv)),
}

/** Its CSV has no quotes, but backslashes. */
const inCsv = { known: ['cognito:username'], backslash: true }

async function* fromJson({ chunks, head, ignored }: Input): AsyncGenerator<Item> {
  for await (const row of jsonRows(chunks, head)) {
    if ('reason' in row) yield row
    else yield { number: row.number, fields: ofUser(row.value, ignored) }
  }
}

function ofUser(user: unknown, ignored: Set<string>): unknown {
  if (!isObject(user)) return user
  const { Username: username, Enabled: active, Attributes: list, ...rest } = user
  const attributes = attributesIn(list)
  ignore(
    ignored,
    [...Object.keys(rest), ...attributes.keys()].filter((name) => !known.includes(name)),
  )
  return {
    email: attributes.get('email'),
    username: nameOf(username, attributes.get('email')),
    email_verified: truthOf(attributes.get('email_verified')),
    is_active: active,
  }
}

const known = ['email', 'email_verified', 'sub']

function attributesIn(list: unknown): Map<string, unknown> {
  const pairs = Array.isArray(list) ? list : []
  return new Map(pairs.flatMap((one) => (typeof one?.Name === 'string' ? [[one.Name, one.Value] as const] : [])))
}

const ofCells = (cells: Cells): unknown => ({
  email: cells.email,
  username: nameOf(cells['cognito:username'], cells.email),
  email_verified: truthIn(cells.email_verified ?? ''),
})

const truthOf = (value: unknown): unknown => (typeof value === 'string' ? truthIn(value) : value)

/** Where one signs in by address the name is a number that nobody types, or the address once more. */
function nameOf(name: unknown, email: unknown): unknown {
  if (typeof name !== 'string') return name
  const isNumber = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(name)
  return isNumber || name === '' || name === email ? null : name
}
