/** All formats that are read, and all forms that are written, by name. A format more is a file more and a line or two here. */
import { argon2, argon2Form } from './argon2.ts'
import { aspnet, aspnetForm } from './aspnet.ts'
import { bcrypt, bcryptForm } from './bcrypt.ts'
import { betterAuth, betterAuthForm } from './better-auth.ts'
import { bounds, refuseWork } from './bounds.ts'
import {
  djangoArgon2,
  djangoArgon2Form,
  djangoBcrypt,
  djangoBcryptForm,
  djangoBcryptSha256,
  djangoBcryptSha256Form,
  djangoPbkdf2,
  djangoPbkdf2Sha1,
  djangoPbkdf2Sha256,
  djangoScrypt,
  djangoScryptForm,
} from './django.ts'
import { firebase } from './firebase.ts'
import type { Form, Format, HashKeys, Stored } from './format.ts'
import { pbkdf2 } from './pbkdf2.ts'
import { phpass, phpassForm } from './phpass.ts'
import { scrypt, scryptForm } from './scrypt.ts'
import { spring, springArgon2Form, springBcryptForm, springPbkdf2Form, springScryptForm } from './spring.ts'
import { werkzeug, werkzeugPbkdf2Form, werkzeugScryptForm } from './werkzeug.ts'
import { wordpress, wordpressForm, wordpressPhpass, wordpressPhpassForm } from './wordpress.ts'

/** Every format that is read; a text belongs to the first whose mark it bears. */
export const formats: readonly Format[] = [
  argon2,
  bcrypt,
  djangoPbkdf2,
  djangoArgon2,
  djangoScrypt,
  djangoBcryptSha256,
  djangoBcrypt,
  scrypt,
  pbkdf2,
  wordpress,
  wordpressPhpass,
  phpass,
  firebase,
  spring,
  werkzeug,
  betterAuth,
  aspnet,
]

/** Every form that new passwords can be written in, by its name in `accounts.hash`. */
export const forms = {
  argon2id: argon2Form(),
  bcrypt: bcryptForm('2b'),
  scrypt: scryptForm,
  django: djangoPbkdf2Sha256,
  'django-pbkdf2-sha1': djangoPbkdf2Sha1,
  'django-argon2': djangoArgon2Form,
  'django-scrypt': djangoScryptForm,
  'django-bcrypt-sha256': djangoBcryptSha256Form,
  'django-bcrypt': djangoBcryptForm,
  devise: bcryptForm('2a'),
  laravel: bcryptForm('2y'),
  supabase: bcryptForm('2a', '', 10),
  wordpress: wordpressForm,
  'wordpress-phpass': wordpressPhpassForm,
  phpass: phpassForm('$H$'),
  'better-auth': betterAuthForm,
  aspnet: aspnetForm,
  spring: springBcryptForm,
  'spring-argon2': springArgon2Form,
  'spring-scrypt': springScryptForm,
  'spring-pbkdf2': springPbkdf2Form,
  werkzeug: werkzeugScryptForm,
  'werkzeug-pbkdf2': werkzeugPbkdf2Form,
} as const satisfies Record<string, Form>

/** The name of a form. */
export type FormName = keyof typeof forms

/** What stands in a password's column. `none`: no password, and nobody can type one that matches. */
export type Column =
  | { readonly kind: 'hash'; readonly format: string; readonly stored: Stored }
  | { readonly kind: 'unreadable'; readonly format: string; readonly because: string }
  | { readonly kind: 'none' }

/** Reads what stands in a password's column; never throws, and computes nothing. */
export function readColumn(text: string | null, keys: HashKeys = {}): Column {
  // Django marks an unusable password by "!", Unix by "!" or "*".
  if (text === null || text === '' || /^[!*]/.test(text)) return { kind: 'none' }
  if (text.length > bounds.row) return { kind: 'unreadable', format: 'unknown', because: 'too long' }
  const format = formats.find(({ mark }) => mark.test(text))
  if (!format) return { kind: 'unreadable', format: 'unknown', because: 'of no known format' }
  const read = format.read(text, keys)
  if ('because' in read) return { kind: 'unreadable', format: format.name, because: read.because }
  const refusal = refuseWork(read.work, read.key)
  if (refusal !== null) return { kind: 'unreadable', format: format.name, because: refusal }
  return { kind: 'hash', format: format.name, stored: read }
}
