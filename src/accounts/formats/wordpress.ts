/**
 * WordPress: since 6.8 `$wp$2y$`, bcrypt of a keyed digest; before it `$P$`, phpass. Its log-in hands on what PHP's forms
 * give it, with a backslash before each quote and backslash, and without white space at either end; so do we.
 * wp-includes/user.php, wp-includes/pluggable.php
 */
import { createHmac } from 'node:crypto'
import { bcryptForm, readBcrypt } from './bcrypt.ts'
import type { Form, Format } from './format.ts'
import { phpassForm, readPhpass } from './phpass.ts'

/** As WordPress's log-in sees a password. */
export const asTyped = (password: string): string =>
  password
    .replaceAll(/['"\\]/g, '\\$&')
    .replaceAll('\0', '\\0')
    .replaceAll(/^[ \t\n\r\v\0]+|[ \t\n\r\v\0]+$/g, '')

const digested = (password: string): string =>
  createHmac('sha384', 'wp-sha384').update(asTyped(password), 'utf8').digest('base64')

/** What is cut off at the ends would be missing from a password that was judged with it. */
const refuses = (password: string): 'outer-space' | null => (/^\s|\s$/.test(password) ? 'outer-space' : null)

/** `$wp$2y$`. */
export const wordpress: Format = {
  name: 'WordPress bcrypt',
  mark: /^\$wp\$2/,
  read(stored) {
    const read = readBcrypt(stored.slice('$wp'.length))
    return 'because' in read ? read : { ...read, secret: digested }
  },
}

/** For WordPress 6.8 and later. */
export const wordpressForm: Form = { ...bcryptForm('2y', '$wp', 12, digested), refuses }

/** `$P$`. */
export const wordpressPhpass: Format = {
  name: 'WordPress phpass',
  mark: /^\$P\$/,
  read(stored) {
    const read = readPhpass(stored)
    return 'because' in read ? read : { ...read, secret: asTyped }
  },
}

/** For WordPress before 6.8, which reads nothing better. */
export const wordpressPhpassForm: Form = { ...phpassForm('$P$', asTyped), refuses }
