/**
 * Objects of a JSON file, in constant memory: one on each line, or a document that holds them in an array, bare as in
 * `[{…}]` or named as in `{"users": [{…}]}`.
 */
import { lines } from '../lines.ts'
import { textOf } from './source.ts'

/** What was read, by the line that it begins on. */
export type JsonRow = { readonly number: number } & ({ readonly value: unknown } | { readonly reason: string })

/** Bytes or characters of one object. */
export const longestObject = 1_048_576

/** A document: it begins with an array, with an array of users, or with a brace that stands alone. */
const isDocument = (head: string): boolean => /^\s*(?:\[|\{\s*"users"\s*:\s*\[|\{[ \t\r]*\n)/i.test(head)

/** `head`: the file's beginning. `longest`: of one line, where it is one of lines. */
export const jsonRows = (
  chunks: AsyncIterable<Uint8Array>,
  head: string,
  longest: number = longestObject,
): AsyncGenerator<JsonRow> => (isDocument(head) ? ofDocument(chunks) : ofLines(chunks, longest))

async function* ofLines(chunks: AsyncIterable<Uint8Array>, longest: number): AsyncGenerator<JsonRow> {
  for await (const { number, text } of lines(chunks, longest)) {
    if (text === null) yield { number, reason: `it is longer than ${longest.toLocaleString('en')} bytes` }
    // A byte order mark stands before the first line of files from Windows.
    else if (text.trim() !== '') yield parsed(number, text.replace(/^\ufeff/, ''))
  }
}

function parsed(number: number, text: string): JsonRow {
  if (text.includes('\ufffd')) return { number, reason: 'it is not UTF-8' }
  try {
    return { number, value: JSON.parse(text) }
  } catch {
    // The parser's own words quote the line, with its password.
    return { number, reason: 'it is not JSON' }
  }
}

async function* ofDocument(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<JsonRow> {
  const cutter = documentCutter()
  for await (const text of textOf(chunks)) {
    yield* cutter.take(text)
    if (cutter.isLost()) return
  }
  yield* cutter.end()
}

/** Follows brackets and strings; keeps nothing but the object that it is in. */
function documentCutter() {
  /** What encloses the objects: `[`, or `{` and `[`. */
  const around: string[] = []
  let [line, from, depth] = [1, 1, 0]
  let [inString, escaped, lost] = [false, false, false]
  let held = ''

  /** Whether a letter is one of JSON's own, not one of a string. */
  function isBare(letter: string): boolean {
    if (!inString) {
      inString = letter === '"'
      return !inString
    }
    if (escaped) escaped = false
    else if (letter === '\\') escaped = true
    else if (letter === '"') inString = false
    return false
  }

  /** Whether an object begins here. */
  function begins(letter: string): boolean {
    if (letter === '{' && around.at(-1) === '[') {
      ;[depth, from] = [1, line]
      return true
    }
    if (letter === '{' || letter === '[') around.push(letter)
    else if (letter === '}' || letter === ']') around.pop()
    return false
  }

  return {
    /** Objects that end in this text. */
    *take(text: string): Generator<JsonRow> {
      let start = 0
      for (let at = 0; at < text.length; at++) {
        const letter = text[at]!
        if (letter === '\n') line++
        if (!isBare(letter)) continue
        if (depth === 0) {
          if (begins(letter)) start = at
        } else if (letter === '{' || letter === '[') depth++
        else if ((letter === '}' || letter === ']') && --depth === 0) {
          yield parsed(from, held + text.slice(start, at + 1))
          held = ''
        }
      }
      if (depth === 0) return
      held += text.slice(start)
      lost = held.length > longestObject
      if (lost) {
        const reason = `it is longer than ${longestObject.toLocaleString('en')} characters; nothing after it was read`
        yield { number: from, reason }
      }
    },
    isLost: () => lost,
    /** A file that was cut off must not look whole. */
    *end(): Generator<JsonRow> {
      if (depth > 0) yield { number: from, reason: 'the file ends within it' }
      else if (around.length > 0) yield { number: line, reason: 'the file ends before its list does' }
    },
  }
}
