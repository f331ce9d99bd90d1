/** Comma-separated values under a header of our own fields' names, in any order. */
import { unknownFields } from '../account-row.ts'
import { type CsvRow, csvRows } from './csv-rows.ts'
import { type Input, type Item, ignore, type Source, truthIn } from './source.ts'

/** CSV. */
export const csv: Source = {
  title: 'CSV with a header',
  items: (input) =>
    underHeader(input, (cells) => {
      const { email_verified: verified = '', is_active: active = '', ...rest } = cells
      return { ...filled(rest), email_verified: truthIn(verified), is_active: truthIn(active) }
    }),
}

/** An empty cell says nothing. */
const filled = (cells: Cells): Cells => Object.fromEntries(Object.entries(cells).filter(([, text]) => text !== ''))

/** Cells by their column's name, in lower case. */
export type Cells = Readonly<Record<string, string>>

/** Rows under a header. `fieldsOf` tells a row in our own words; `known`: columns that it reads besides ours. */
export async function* underHeader(
  { chunks, head, ignored }: Input,
  fieldsOf: (cells: Cells) => unknown,
  { known = [], backslash = false }: { readonly known?: readonly string[]; readonly backslash?: boolean } = {},
): AsyncGenerator<Item> {
  let header: readonly string[] | null = null
  for await (const row of csvRows(chunks, { separator: separatorIn(head), backslash })) {
    if (header !== null) yield itemOf(row, header, fieldsOf)
    else if (row.cells === null) return yield { number: row.number, reason: row.reason }
    else {
      header = row.cells.map((name) => name.trim().toLowerCase())
      const reason = refuseHeader(header)
      if (reason) return yield { number: row.number, reason }
      const names = Object.fromEntries(header.filter((name) => !known.includes(name)).map((name) => [name, '']))
      ignore(ignored, unknownFields(names))
    }
  }
}

function itemOf(row: CsvRow, header: readonly string[], fieldsOf: (cells: Cells) => unknown): Item {
  const { number, to, cells } = row
  if (cells === null) return { number, to, reason: row.reason }
  if (cells.length !== header.length) {
    return { number, to, reason: `it has ${cells.length} cells, and the header ${header.length}` }
  }
  return { number, to, fields: fieldsOf(Object.fromEntries(header.map((name, at) => [name, cells[at]!]))) }
}

function refuseHeader(header: readonly string[]): string | null {
  if (!header.includes('email')) {
    return 'the header has no column "email"; nothing was read. Its first line must name the columns'
  }
  const twice = header.find((name, at) => header.indexOf(name) !== at)
  return twice === undefined ? null : `the header has two columns "${twice.slice(0, 80)}"; nothing was read`
}

/** Spreadsheets of half of Europe put a semicolon where others put a comma. */
function separatorIn(head: string): string {
  const [header = ''] = head.split('\n', 1)
  return /[,;\t]/.exec(header.replaceAll(/"[^"]*"/g, ''))?.[0] ?? ','
}
