/** Reads a body, small and strict: whatever is not plainly one text per field is refused before any work. */

/** A body's fields, or why there are none. */
export type Read =
  | { readonly ok: true; readonly fields: ReadonlyMap<string, unknown> }
  | { readonly ok: false; readonly status: 400 | 413 | 415; readonly detail: string }

/** The largest body. A form of ours has under two kilobytes. */
export const bodyLimit = 16_384

const no = (status: 400 | 413 | 415, detail: string): Read => ({ ok: false, status, detail })

/** A form's fields, each once, each a text. */
export async function readForm(request: Request): Promise<Read> {
  const type = mediaType(request)
  if (type !== 'application/x-www-form-urlencoded') {
    return no(415, 'Expected a form: application/x-www-form-urlencoded.')
  }
  const text = await readText(request)
  if (typeof text !== 'string') return text
  const fields = new Map<string, unknown>()
  for (const pair of text.split('&').filter(Boolean)) {
    const [name = '', ...rest] = pair.split('=')
    const [key, value] = [decode(name), decode(rest.join('='))]
    if (key === null || value === null) return no(400, 'The form is not valid UTF-8.')
    if (fields.has(key)) return no(400, 'A field was sent more than once.')
    fields.set(key, value)
  }
  return { ok: true, fields }
}

/** A JSON object's members, each once. What they are is for the caller to check. */
export async function readJson(request: Request): Promise<Read> {
  if (mediaType(request) !== 'application/json') return no(415, 'Expected application/json.')
  const text = await readText(request)
  if (typeof text !== 'string') return text
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return no(400, 'Expected a JSON object.')
    const members = Object.entries(value)
    // A parser keeps the last of two equal keys and a proxy may have judged the first.
    if (members.length !== topLevelKeys(text)) return no(400, 'A member was sent more than once.')
    return { ok: true, fields: new Map(members) }
  } catch {
    return no(400, 'The body is not valid JSON.')
  }
}

/** A field's text; empty when it is absent, null when it is not one plain text. */
export function textOf(fields: ReadonlyMap<string, unknown>, name: string, most = 1_024): string | null {
  const value = fields.get(name)
  if (value === undefined) return ''
  if (typeof value !== 'string' || value.length > most || !value.isWellFormed()) return null
  return value
}

/** Whether a text holds control characters, NUL among them: no address, code or token does. */
export const hasControls = (text: string): boolean => /[\u0000-\u001f\u007f]/.test(text)

const mediaType = (request: Request): string =>
  (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase()

async function readText(request: Request): Promise<string | Read> {
  const declared = Number(request.headers.get('content-length') ?? Number.NaN)
  if (declared > bodyLimit) return no(413, `The body is larger than ${bodyLimit} bytes.`)
  // Whole where its length is declared, which a server holds it to: a stream costs as much as all that we do with it.
  const bytes = declared <= bodyLimit ? new Uint8Array(await request.arrayBuffer()) : await gather(request)
  if (bytes === null || bytes.length > bodyLimit) return no(413, `The body is larger than ${bodyLimit} bytes.`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return no(400, 'The body is not valid UTF-8.')
  }
}

/** A body of unknown length; null for one that grows past the limit. */
async function gather(request: Request): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.length
    if (size > bodyLimit) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}

/** How many keys the outermost object names, doubles counted. The text is known to be valid JSON. */
function topLevelKeys(text: string): number {
  let [depth, keys] = [0, 0]
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (token === ':' && depth === 1) keys++
  }
  return keys
}
