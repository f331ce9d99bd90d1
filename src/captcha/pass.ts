/**
 * A pass: what a browser gets that has solved a captcha on the page before a form. Signed, of one form and one browser,
 * good for some minutes and once.
 */
import type { Form } from '../engine/captcha.ts'
import { fresh, type Keyring, mac, same } from '../engine/keys.ts'
import type { Random } from '../engine/ports.ts'

/** Long enough to find and type a new password, in milliseconds. */
export const passLife = 10 * 60_000

const sign = (keys: Keyring['current'], form: Form, browser: string, id: string, ends: string): string =>
  mac(keys, 'captcha', ['pass', form, browser, id, ends])

/** A new pass, value of a cookie. */
export function makePass(keyring: Keyring, random: Random, form: Form, browser: string, at: number): string {
  const [id, ends] = [fresh(random, 16), (at + passLife).toString(36)]
  return `${id}.${ends}.${sign(keyring.current, form, browser, id, ends)}`
}

/** The id under which a pass is spent; null for one that is not of this form and browser, or over. */
export function readPass(keyring: Keyring, text: string, form: Form, browser: string, at: number): string | null {
  const [id = '', ends = '', signature = ''] = text.split('.')
  if (!/^[\w-]{22}$/.test(id) || !/^[0-9a-z]{1,11}$/.test(ends) || Number.parseInt(ends, 36) <= at) return null
  return keyring.all.some((keys) => same(sign(keys, form, browser, id, ends), signature)) ? id : null
}
