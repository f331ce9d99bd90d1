/** Comma-separated values by RFC 4180, in constant memory. */
import { textOf } from './source.ts'

/** A row by the lines that it begins and ends on; null: why it is none. */
export type CsvRow = { readonly number: number; readonly to: number } & (
  | { readonly cells: readonly string[] }
  | { readonly cells: null; readonly reason: string }
)

/** How a file writes its cells. */
export type CsvDialect = {
  readonly separator: string
  /** A backslash stands before a separator that is none, as Cognito has it. */
  readonly backslash: boolean
}

/** Characters of a row: a quote that is never closed must not swallow the file. */
export const longestRow = 65_536

/**
 * Cuts at line feeds outside of quotes, with or without a carriage return before them. Empty lines are none. After a row
 * that is none it goes on at the next line.
 */
export async function* csvRows(
  chunks: AsyncIterable<Uint8Array>,
  dialect: CsvDialect = { separator: ',', backslash: false },
): AsyncGenerator<CsvRow> {
  const row = rowReader(dialect)
  for await (const text of textOf(chunks)) {
    for (const letter of text) {
      const read = row.take(letter)
      if (read) yield read
    }
  }
  const last = row.end()
  if (last) yield last
}

/** Where it stands: at a cell's first letter, within it, within its quotes, behind a quote in them, or past a fault. */
type Place = 'first' | 'bare' | 'quoted' | 'behind' | 'lost'

function rowReader({ separator, backslash }: CsvDialect) {
  let [number, line, size] = [1, 1, 0]
  let [place, reason]: [Place, string] = ['first', '']
  let cells: string[] = []
  let cell = ''

  function finish(): CsvRow | null {
    const bare = place === 'bare' ? cell.replace(/\r$/, '') : cell
    const all = [...cells, bare]
    const lines = { number, to: line }
    const wasLost = place === 'lost'
    ;[cells, cell, place, size, number] = [[], '', 'first', 0, line + 1]
    if (wasLost) return { ...lines, cells: null, reason }
    if (all.length === 1 && bare === '') return null
    if (all.some((one) => one.includes('\ufffd'))) return { ...lines, cells: null, reason: 'it is not UTF-8' }
    return { ...lines, cells: all }
  }
  const lose = (why: string): void => {
    ;[place, reason, cells, cell] = ['lost', why, [], '']
  }
  const endCell = (): void => {
    cells.push(cell)
    ;[cell, place] = ['', 'first']
  }

  function read(letter: string): void {
    if (place === 'quoted') {
      if (letter === '"') place = 'behind'
      else cell += letter
    } else if (place === 'behind' && letter === '"') {
      cell += letter
      place = 'quoted'
    } else if (letter === separator) {
      if (backslash && cell.endsWith('\\')) cell = cell.slice(0, -1) + letter
      else endCell()
    } else if (place === 'first' && letter === '"') place = 'quoted'
    else if (place !== 'behind') {
      cell += letter
      place = 'bare'
    } else if (letter !== '\r') lose('a quote within a cell is not doubled')
  }

  return {
    /** One letter; answers the row that it ends. */
    take(letter: string): CsvRow | null {
      const isEnd = letter === '\n' && place !== 'quoted'
      if (!isEnd && place !== 'lost') {
        if (++size > longestRow) {
          const why = place === 'quoted' ? 'its quote is not closed, or it' : 'it'
          lose(`${why} is longer than ${longestRow.toLocaleString('en')} characters`)
        } else read(letter)
      }
      const ended = isEnd ? finish() : null
      if (letter === '\n') line++
      return ended
    },
    /** What the file ends with. */
    end(): CsvRow | null {
      if (place === 'quoted') lose('the file ends within its quotes')
      return finish()
    },
  }
}
