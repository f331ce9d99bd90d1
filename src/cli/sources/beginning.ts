/** The beginning of a stream, looked at before it is read. */
/** Bytes that are enough to tell what a file is. */
const enough = 65_536

/** The first bytes as text, and the whole stream, those first bytes among it. */
export async function withHead(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly head: string; readonly chunks: AsyncGenerator<Uint8Array> }> {
  const stream = chunks[Symbol.asyncIterator]()
  const held: Uint8Array[] = []
  for (let size = 0; size < enough; size += held.at(-1)!.length) {
    const { value, done } = await stream.next()
    if (done) break
    held.push(value)
  }
  const head = new TextDecoder().decode(Buffer.concat(held)).slice(0, enough)
  return { head, chunks: rejoined(held, stream) }
}

async function* rejoined(held: Uint8Array[], stream: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* held.splice(0)
    for (let next = await stream.next(); !next.done; next = await stream.next()) yield next.value
  } finally {
    await stream.return?.()
  }
}
