/** Where the new password is typed, twice. */
import type { Unmet } from '../engine/outcome.ts'
import { life } from '../words/index.ts'
import { captchaPart } from './captcha-part.ts'
import { type Html, html, type Part, sayFor } from './html.ts'
import { layout } from './layout.ts'
import { alert, field, form, hidden, reveal, submit } from './parts.ts'
import { isTicked, isWeak, passwordRules, ruleList, tickedList } from './rules.ts'
import type { Frame, NewPasswordView } from './views.ts'

/** The page for the new password. */
export function newPassword(frame: Frame, view: NewPasswordView): string {
  const say = sayFor(frame)
  const valid = say('set.valid')
  const refused = view.unmet.length > 0
  return layout(frame, {
    title: say('set.title'),
    step: say('set.step'),
    refused: refused || Boolean(view.problem),
    body: html`${view.problem && alert(say(`problem.${view.problem}`))}${refused ? refusal(frame, view) : valid && html`<p class="valid">${valid}</p>`}
${view.account && html`<p class="lead">${say('set.for')} <bdi class="strong">${view.account}</bdi></p>`}
${form(frame, view.action, fields(frame, view))}`,
  })
}

const isOfConfirm = (code: Unmet): boolean => code === 'mismatch'

/** A weak one's rules are told once, ticked and crossed; whatever else is the matter stands as a sentence of its own. */
export function refusal(frame: Frame, { rule, unmet }: Pick<NewPasswordView, 'rule' | 'unmet'>): Html {
  const say = sayFor(frame)
  const weak = isWeak(unmet)
  const title = weak ? html`<a href="#password">${say('weak.title')}</a>` : say('problem.password-refused')
  const reasons = weak ? unmet.filter((code) => !isTicked(code)) : unmet
  const reason = (code: Unmet): Html =>
    html`<li><a href="#${isOfConfirm(code) ? 'confirm' : 'password'}">${say(`unmet.${code}`, { min: rule.min })}</a></li>`
  return alert(
    title,
    html`${reasons.length > 0 && html`<ul>${reasons.map(reason)}</ul>`}${weak && tickedList(say, rule, unmet)}`,
  )
}

function fields(frame: Frame, view: NewPasswordView): Html {
  const say = sayFor(frame)
  return html`${hidden('challenge', view.challenge)}
${passwordFields(frame, { account: view.account, names: view.fields, rule: view.rule, unmet: view.unmet })}
<p class="hint">${frame.endsSessions !== false && `${say('set.sessions')} `}${say('set.life', { life: life(say, view.minutes) })}</p>
${captchaPart(frame, view.captcha)}
${submit(say('set.button'))}`
}

/** Whose password it is, for whoever keeps them; the rules; the two fields. `before`: what is typed before them. */
export function passwordFields(
  frame: Frame,
  view: Pick<NewPasswordView, 'account' | 'rule' | 'unmet'> & {
    readonly names: NewPasswordView['fields']
    readonly before?: Part
  },
): Html {
  const say = sayFor(frame)
  const { rule, names } = view
  const sentences = (codes: readonly Unmet[]): string =>
    codes.map((code) => say(`unmet.${code}`, { min: rule.min })).join(' ')
  const shared = { type: 'password', autocomplete: 'new-password' } as const
  const size = html` minlength="${rule.min}" passwordrules="${passwordRules(rule)}"`
  return html`<input type="text" name="username" value="${view.account}" autocomplete="username" hidden readonly tabindex="-1">
${view.before}
${ruleList(say, rule)}
${field({
  ...shared,
  id: 'password',
  name: names.password,
  label: say('set.password'),
  error: sentences(view.unmet.filter((code) => !isOfConfirm(code))),
  describedBy: 'rules',
  more: html`${size} data-reveal`,
  below: [reveal(frame, 'password'), strength(frame)],
})}
${field({
  ...shared,
  id: 'confirm',
  name: names.confirm,
  label: say('set.confirm'),
  error: sentences(view.unmet.filter(isOfConfirm)),
  more: size,
  below: html`<p class="match" role="status" data-match="${say('set.match')}" data-no-match="${say('set.no-match')}"></p>`,
})}`
}

/** What the script that estimates can say of a password, and what would make it stronger. */
const advice = ['common', 'word', 'name', 'keys', 'repeat', 'sequence', 'date', 'longer'] as const

/** Advice, never a judgement. */
function strength(frame: Frame): Html {
  const say = sayFor(frame)
  const level = (name: 'set.weak' | 'set.fair' | 'set.strong'): string => say('set.strength', { level: say(name) })
  const sentences = Object.fromEntries(advice.map((one) => [one, say(`advice.${one}`)]))
  return html`<p class="strength" role="status" data-script="${frame.strength}" data-weak="${level('set.weak')}" data-fair="${level('set.fair')}" data-strong="${level('set.strong')}"></p>
<p class="advice hint" role="status" data-advice="${JSON.stringify(sentences)}"></p>`
}
