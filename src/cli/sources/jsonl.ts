/** Our own form: JSON lines, or an array, of `{"email","username","password" or "password_hash","email_verified","is_active"}`. */
import { unknownFields } from '../account-row.ts'
import { jsonRows } from './json-rows.ts'
import { type Item, ignore, isObject, type Source } from './source.ts'

/** Bytes of a line. */
const longest = 65_536

/** JSON lines. */
export const jsonl: Source = {
  title: 'JSON lines',
  async *items({ chunks, head, ignored }): AsyncGenerator<Item> {
    for await (const row of jsonRows(chunks, head, longest)) {
      if ('reason' in row) yield row
      else {
        if (isObject(row.value)) ignore(ignored, unknownFields(row.value))
        yield { number: row.number, fields: row.value }
      }
    }
  },
}
