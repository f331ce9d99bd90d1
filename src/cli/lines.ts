/** Lines of a file of any length, in constant memory. */

/** A line with its number from 1. `null`: longer than is kept. */
export type Line = { readonly number: number; readonly text: string | null }

/**
 * Splits chunks of bytes at line feeds; a carriage return before one goes. Of a line above `longest` bytes nothing is
 * kept but its number. Broken UTF-8 comes out as U+FFFD. An empty last line is none.
 */
export async function* lines(chunks: AsyncIterable<Uint8Array>, longest = 65_536): AsyncGenerator<Line> {
  let number = 1
  let held: Uint8Array[] = []
  let size = 0
  const keep = (piece: Uint8Array): void => {
    size += piece.length
    if (size > longest) held = []
    else if (piece.length > 0) held.push(piece)
  }
  const take = (): Line => {
    const text = size > longest ? null : Buffer.concat(held).toString('utf8').replace(/\r$/, '')
    held = []
    size = 0
    return { number: number++, text }
  }
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      keep(chunk.subarray(from, end))
      from = end + 1
      yield take()
    }
    keep(chunk.subarray(from))
  }
  if (size > 0) yield take()
}
