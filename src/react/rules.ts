/** What a new password must be, as a list that is ticked while one types. The server judges; this only tells. */
import type { Rules } from '../http/wire.ts'

/** A rule that can be told in the browser. The others (common, used before, holds the name) only the server can tell. */
export type RuleName = 'min' | 'max' | 'upper' | 'lower' | 'digit' | 'special' | 'not_all_digits' | 'match'

/** A rule and whether it is met. */
export type Ticked = { readonly rule: RuleName; readonly met: boolean }

/** The rules before the server has told its own: what no flow goes below (NIST SP 800-63B-4, 3.1.1.2). */
export const leastRules: Rules = {
  min: 8,
  max: 256,
  upper: false,
  lower: false,
  digit: false,
  special: false,
  not_all_digits: false,
  history: 0,
}

/** Code points, as the server counts them: an emoji is one. */
export const lengthOf = (password: string): number => [...password].length

// The same classes as the server's: letters of scripts without case count as both, so nobody is kept out by an alphabet.
const tests: Record<Exclude<RuleName, 'min' | 'max' | 'match'>, (password: string) => boolean> = {
  upper: (password) => /[\p{Lu}\p{Lt}\p{Lo}]/u.test(password),
  lower: (password) => /[\p{Ll}\p{Lo}]/u.test(password),
  digit: (password) => /\p{Nd}/u.test(password),
  special: (password) => /[^\p{L}\p{N}\p{M}]/u.test(password),
  not_all_digits: (password) => !/^\p{Nd}*$/u.test(password),
}

/** Each rule that holds here, in the order of reading. The longest length shows only once it is passed. */
export function tick(rules: Rules, password: string, confirm: string): Ticked[] {
  const length = lengthOf(password)
  const names = (Object.keys(tests) as (keyof typeof tests)[]).filter((rule) => rules[rule])
  return [
    { rule: 'min', met: length >= rules.min },
    ...(length > rules.max ? [{ rule: 'max', met: false } as const] : []),
    ...names.map((rule) => ({ rule, met: tests[rule](password) })),
    { rule: 'match', met: password !== '' && password === confirm },
  ]
}

/** The attribute `passwordrules` that password generators read (Apple, "Customizing Password AutoFill Rules"). */
export function passwordRules(rules: Rules): string {
  const required = (['upper', 'lower', 'digit', 'special'] as const).filter((name) => rules[name])
  return [
    `minlength: ${rules.min}`,
    `maxlength: ${rules.max}`,
    ...required.map((name) => `required: ${name === 'special' ? '[-]' : name}`),
  ].join('; ')
}
