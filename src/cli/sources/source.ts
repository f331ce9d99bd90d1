/** What each source of accounts gives: how its file is cut into rows, and each row told in the words of `account-row.ts`. */

/** How a Firebase project's passwords are hashed, the same for all of them. Keys in base64. */
export type FirebaseHash = {
  readonly signerKey: string
  readonly saltSeparator: string
  readonly rounds: string
  readonly memoryCost: string
}

/** A file that is being read. */
export type Input = {
  readonly chunks: AsyncIterable<Uint8Array>
  /** Its beginning as text, by which it is known what it is. */
  readonly head: string
  /** Takes the names of what nobody reads. */
  readonly ignored: Set<string>
  /** How Firebase hashed; null where it was not said. */
  readonly firebaseHash: FirebaseHash | null
}

/** A row by the line that it begins on, and the one that it ends on where that is another; or why it is none. */
export type Item = { readonly number: number; readonly to?: number } & (
  | { readonly fields: unknown }
  | { readonly reason: string }
)

/** Something that accounts come from. */
export type Source = {
  /** As the command says what it takes a file for. */
  readonly title: string
  /** Every row, in order and in constant memory. */
  items(input: Input): AsyncGenerator<Item>
}

/** Notes names that nobody reads; twenty at most, for a file may have made them up. */
export function ignore(ignored: Set<string>, names: Iterable<string>): void {
  for (const name of names) if (ignored.size < 20) ignored.add(name.slice(0, 80))
}

/** Whether a value has fields. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Text of a stream, a byte order mark gone; broken UTF-8 comes out as U+FFFD. */
export async function* textOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8')
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true })
  yield decoder.decode()
}

/** A truth that stands in a cell; undefined for an empty one. What is neither stays as it is, and is refused as a field. */
export function truthIn(text: string): boolean | string | undefined {
  const word = text.trim().toLowerCase()
  if (word === '') return undefined
  if (['true', 't', 'yes', 'y', '1'].includes(word)) return true
  return ['false', 'f', 'no', 'n', '0'].includes(word) ? false : text
}
