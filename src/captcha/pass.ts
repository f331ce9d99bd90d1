/**
 * A pass: what a browser gets that has solved a captcha on the page before a form. Signed, of one form and one browser,
 * good for some minutes and once.
 */
import type { Form } from '../engine/captcha.ts'
import { fresh, type Keyring, mac, same } from '../engine/keys.ts'
import type { Random } from '../engine/ports.ts'

/** Long enough to find and type a new password, in milliseconds. */
export const passLife = 10 * 60_000

/** Whose a pass is. `stoodIn`: what was solved stood in for a provider that was away, and is worth less. */
type Holder = { readonly form: Form; readonly browser: string; readonly stoodIn: boolean }

const sign = (keys: Keyring['current'], { form, browser, stoodIn }: Holder, id: string, ends: string): string =>
  mac(keys, 'captcha', [stoodIn ? 'pass that stood in' : 'pass', form, browser, id, ends])

/** A new pass, value of a cookie. */
export function makePass(keyring: Keyring, random: Random, holder: Holder, at: number): string {
  const [id, ends] = [fresh(random, 16), (at + passLife).toString(36)]
  return `${id}.${ends}.${sign(keyring.current, holder, id, ends)}`
}

/** The id under which a pass is spent, and its worth; null for one that is not of this form and browser, or over. */
export function readPass(
  keyring: Keyring,
  text: string,
  form: Form,
  browser: string,
  at: number,
): { readonly id: string; readonly stoodIn: boolean } | null {
  const [id = '', ends = '', signature = ''] = text.split('.')
  if (!/^[\w-]{22}$/.test(id) || !/^[0-9a-z]{1,11}$/.test(ends) || Number.parseInt(ends, 36) <= at) return null
  const isOf = (stoodIn: boolean): boolean =>
    keyring.all.some((keys) => same(sign(keys, { form, browser, stoodIn }, id, ends), signature))
  const stoodIn = [false, true].find(isOf)
  return stoodIn === undefined ? null : { id, stoodIn }
}
