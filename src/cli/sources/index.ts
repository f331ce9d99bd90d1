/** Everything that accounts can be moved in from, by the name in `--from`. A source more is a file more and a line here. */
import { auth0 } from './auth0.ts'
import { cognito } from './cognito.ts'
import { csv } from './csv.ts'
import { firebase } from './firebase.ts'
import { jsonl } from './jsonl.ts'
import type { Source } from './source.ts'

export const sources = { jsonl, csv, auth0, cognito, firebase } as const satisfies Record<string, Source>

/** The name of a source. */
export type SourceName = keyof typeof sources

/** Whether a text is the name of a source. */
export const isSource = (name: string): name is SourceName => Object.hasOwn(sources, name)

const cognitoJson = /"(?:Users|UserStatus|UserCreateDate)"\s*:/
const firebaseJson = /"localId"\s*:/
const auth0Json = /"(?:_id|passwordHash|custom_password_hash|identities|identifiers)"\s*:|"user_id"\s*:\s*"auth0\|/
/** An id, an address or none, and whether it is confirmed: `auth:export` writes no header. */
const firebaseCsv = /^[^,"\n]+,[^,\n]*,(?:true|false),/
const withAddress = /(?:^|[,;\t])\s*"?email"?\s*(?:[,;\t]|$)/i

/** What a file is by its first bytes, else by its name; null where neither tells. */
export function guessSource(name: string, head: string): SourceName | null {
  const text = head.trimStart()
  if (/^[{[]/.test(text)) {
    if (cognitoJson.test(text)) return 'cognito'
    if (firebaseJson.test(text)) return 'firebase'
    return auth0Json.test(text) ? 'auth0' : 'jsonl'
  }
  const [first = ''] = text.split(/\r?\n/, 1)
  if (/(?:^|,)"?cognito:username/.test(first)) return 'cognito'
  if (withAddress.test(first)) return 'csv'
  if (firebaseCsv.test(first)) return 'firebase'
  if (/\.(?:csv|tsv)$/i.test(name)) return 'csv'
  return /\.(?:jsonl|ndjson|json)$/i.test(name) ? 'jsonl' : null
}
