/** Where the new password is typed, twice. */
import type { Unmet } from '../engine/outcome.ts'
import { captchaPart } from './captcha-part.ts'
import { type Html, html, type Part, sayFor } from './html.ts'
import { layout } from './layout.ts'
import { alert, field, form, hidden, submit } from './parts.ts'
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
function refusal(frame: Frame, { rule, unmet }: NewPasswordView): Html {
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
  const { rule } = view
  const sentences = (codes: readonly Unmet[]): string =>
    codes.map((code) => say(`unmet.${code}`, { min: rule.min })).join(' ')
  const shared = { type: 'password', autocomplete: 'new-password' } as const
  const size = html` minlength="${rule.min}" passwordrules="${passwordRules(rule)}"`
  return html`${hidden('challenge', view.challenge)}
<input type="text" name="username" value="${view.account}" autocomplete="username" hidden readonly tabindex="-1">
${ruleList(say, rule)}
${field({
  ...shared,
  id: 'password',
  name: view.fields.password,
  label: say('set.password'),
  error: sentences(view.unmet.filter((code) => !isOfConfirm(code))),
  describedBy: 'rules',
  more: html`${size} data-reveal`,
  below: [reveal(frame, 'password'), strength(frame)],
})}
${field({
  ...shared,
  id: 'confirm',
  name: view.fields.confirm,
  label: say('set.confirm'),
  error: sentences(view.unmet.filter(isOfConfirm)),
  more: size,
  below: html`<p class="match" role="status" data-match="${say('set.match')}" data-no-match="${say('set.no-match')}"></p>`,
})}
<p class="hint">${say('set.sessions')}</p>
${captchaPart(frame, view.captcha)}
${submit(say('set.button'))}`
}

/** The button that shows what was typed; it stands hidden until there is a script to work it. */
export function reveal(frame: Frame, id: string): Part {
  const say = sayFor(frame)
  return html`<button type="button" class="reveal" aria-controls="${id}" data-show="${say('set.show')}" data-hide="${say('set.hide')}" hidden>${say('set.show')}</button>`
}

/** Advice, never a judgement. */
function strength(frame: Frame): Html {
  const say = sayFor(frame)
  const level = (name: 'set.weak' | 'set.fair' | 'set.strong'): string => say('set.strength', { level: say(name) })
  return html`<p class="strength" role="status" data-weak="${level('set.weak')}" data-fair="${level('set.fair')}" data-strong="${level('set.strong')}"></p>`
}
