/** What a new password must be, told before it is typed, and what it was not. */
import type { PasswordRule } from '../engine/flow.ts'
import type { Unmet } from '../engine/outcome.ts'
import type { Say } from '../words/index.ts'
import { type Html, html } from './html.ts'

/** Rules of strength, each with the code that says it is broken. */
const strengths = [
  ['upper', 'no-upper'],
  ['lower', 'no-lower'],
  ['digit', 'no-digit'],
  ['special', 'no-special'],
] as const

/** Codes that make a password a weak one, not a wrong one. */
const weak: readonly Unmet[] = ['too-short', 'no-upper', 'no-lower', 'no-digit', 'no-special', 'all-digits', 'common']

/** Whether any of them says that the password is weak. */
export const isWeak = (unmet: readonly Unmet[]): boolean => unmet.some((one) => weak.includes(one))

/** Whether the list after a weak one has a line for it. */
export const isTicked = (code: Unmet): boolean =>
  code === 'too-short' || strengths.some(([, missing]) => missing === code)

/** The list before the field. The script ticks what it can judge; what it ticks is said to ears, too. */
export function ruleList(say: Say, rule: PasswordRule): Html {
  const item = (name: string, text: string): Html =>
    html`<li data-rule="${name}" data-min="${rule.min}">${text} <span class="unseen"></span></li>`
  return html`<div class="rules" id="rules">
<p class="strong">${say('rules.title')}</p>
<ul data-met="${say('rules.met')}">
${item('min', say('rules.min', { min: rule.min }))}
${strengths.filter(([name]) => rule[name]).map(([name]) => item(name, say(`rules.${name}`)))}
${rule.notAllDigits && item('not-all-digits', say('rules.all-digits'))}
<li>${say(rule.history > 0 ? 'rules.history' : 'rules.different')}</li>
${item('match', say('rules.match'))}
</ul>
</div>`
}

/** The list after a weak one: which rules it met, ticked, and which it did not, crossed. */
export function tickedList(say: Say, rule: PasswordRule, unmet: readonly Unmet[]): Html {
  const items = [
    { met: !unmet.includes('too-short'), text: say('weak.min', { min: rule.min }) },
    ...strengths
      .filter(([name]) => rule[name])
      .map(([name, code]) => ({ met: !unmet.includes(code), text: say(`weak.${name}`) })),
  ]
  const item = ({ met, text }: { met: boolean; text: string }): Html =>
    html`<li><span aria-hidden="true">${met ? '✓' : '✗'}</span> ${text} <span class="unseen">${say(met ? 'rules.met' : 'rules.not-met')}</span></li>`
  return html`<p>${say('weak.list')}</p>
<ul class="ticks">${items.map(item)}</ul>`
}

/** The rule in the words of password generators (Apple, "Customizing Password AutoFill Rules"). */
export const passwordRules = (rule: PasswordRule): string =>
  [
    `minlength: ${rule.min}`,
    'maxlength: 256',
    ...strengths.filter(([name]) => rule[name]).map(([name]) => `required: ${name}`),
  ].join('; ')
