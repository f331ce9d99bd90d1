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

/** The list before the field; the script ticks those that have a `data-rule`. */
export function ruleList(say: Say, rule: PasswordRule): Html {
  const asked = strengths.filter(([name]) => rule[name])
  return html`<div class="rules" id="rules">
<p class="strong">${say('rules.title')}</p>
<ul data-met="${say('rules.met')}" data-not-met="${say('rules.not-met')}">
<li data-rule="min" data-min="${rule.min}">${say('rules.min', { min: rule.min })}</li>
${asked.map(([name]) => html`<li data-rule="${name}">${say(`rules.${name}`)}</li>`)}
${rule.notAllDigits && html`<li data-rule="not-all-digits">${say('rules.all-digits')}</li>`}
<li>${say(rule.history > 0 ? 'rules.history' : 'rules.different')}</li>
<li data-rule="match">${say('rules.match')}</li>
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
