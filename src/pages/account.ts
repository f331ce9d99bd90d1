/** One's own account: a new password, where one is signed in, and what happened lately. */
import { byTheClock } from '../words/clock.ts'
import { agentName } from './agent.ts'
import { type Html, html, type Part, sayFor } from './html.ts'
import { layout } from './layout.ts'
import { passwordFields, refusal } from './new-password.ts'
import { alert, field, form, hidden, quiet, reveal, submit, toast } from './parts.ts'
import type { AccountView, EventView, Frame, SessionView } from './views.ts'

/** The account page, with what has just happened on top. */
export function account(frame: Frame, view: AccountView): string {
  const say = sayFor(frame)
  const { password } = view
  const refused = password !== null && (password.wrong || password.unmet.length > 0)
  return layout(frame, {
    title: say('account.title'),
    refused,
    wide: true,
    body: html`${view.toast && toast(say(`account.${view.toast}`))}
${password?.wrong && alert(html`<a href="#current">${say('account.wrong-current')}</a>`)}
${password && password.unmet.length > 0 && refusal(frame, password)}
<p class="lead">${say('account.signed-in')}</p>
<div class="row">
<dl>
<dt>${say('account.email')}</dt><dd><bdi>${view.email}</bdi></dd>
${view.username && html`<dt>${say('account.username')}</dt><dd><bdi>${view.username}</bdi></dd>`}
</dl>
${form(frame, view.logoutAction, quiet(say('account.log-out')))}
</div>
<section aria-labelledby="change">
<h2 id="change">${say('account.change')}</h2>
${change(frame, view)}
</section>
<section aria-labelledby="sessions">
<h2 id="sessions">${say('account.sessions')}</h2>
<ul class="list">${view.sessions.map((one) => session(frame, view, one))}</ul>
${view.sessions.length > 1 && end(frame, view, '', quiet(say('account.end-others')))}
</section>
<section aria-labelledby="events">
<h2 id="events">${say('account.events')}</h2>
${view.events.length > 0 ? html`<ul class="list">${view.events.map((one) => happened(frame, one))}</ul>` : html`<p>${say('account.no-events')}</p>`}
${password && html`<p class="hint">${say('account.not-you')}</p>`}
</section>`,
  })
}

function change(frame: Frame, view: AccountView): Html {
  const say = sayFor(frame)
  if (!view.password) return html`<p>${say('account.elsewhere')}</p>`
  const { rule, unmet, wrong } = view.password
  const current = field({
    id: 'current',
    name: 'current_password',
    label: say('account.current'),
    type: 'password',
    autocomplete: 'current-password',
    error: wrong ? say('account.wrong-current') : null,
    more: html` data-reveal`,
    below: reveal(frame, 'current'),
  })
  const names = { password: 'new_password', confirm: 'confirm_password' }
  return html`${form(
    frame,
    view.action,
    html`${passwordFields(frame, { account: view.email, names, rule, unmet, before: current })}
${submit(say('account.change'))}`,
  )}
<p class="after"><a href="${frame.askUrl}">${say('account.forgotten')}</a></p>`
}

function session(frame: Frame, view: AccountView, one: SessionView): Html {
  const say = sayFor(frame)
  const id = `session-${one.id}`
  const button = html`<button type="submit" class="quiet small" aria-describedby="${id}">${say('account.end')}</button>`
  return html`<li class="row">
<div id="${id}">
<h3>${agentName(say, one.agent)} ${one.here && html`<span class="tag">${say('account.this')}</span>`}</h3>
<p class="hint">${since(frame, one.at)}${network(one.network)}</p>
</div>
${!one.here && end(frame, view, one.id, button)}
</li>`
}

const end = (frame: Frame, view: AccountView, id: string, button: Html): Html =>
  form(frame, view.sessionsAction, html`${hidden('session', id)}${button}`)

function happened(frame: Frame, one: EventView): Html {
  const say = sayFor(frame)
  const from = one.network && html` · ${agentName(say, one.agent)}${network(one.network)}`
  return html`<li>
<h3>${say(`event.${one.kind}`)} ${one.times > 1 && html`<span class="tag">${say('event.times', { count: one.times })}</span>`}</h3>
<p class="hint">${moment(frame, one.at)}${from}</p>
</li>`
}

const network = (address: string): Part => address && html` · <bdi>${address}</bdi>`

/** The script says it by the reader's own clock. */
const moment = (frame: Frame, at: number): Html =>
  html`<time datetime="${new Date(at).toISOString()}">${byTheClock(frame.locale, at)}</time>`

/** The sentence with its moment in it, marked up as one. */
function since(frame: Frame, at: number): Part {
  const [first = '', rest = ''] = sayFor(frame)('account.since', { at: '\u0000' }).split('\u0000')
  return [first, moment(frame, at), rest]
}
