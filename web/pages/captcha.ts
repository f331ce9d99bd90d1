/**
 * Captchas on pages that ask for one, and on no others. ALTCHA is solved when its form is sent; a provider's own script
 * puts its answer into the form by itself, but for reCAPTCHA v3, which is told to begin. Sentences come with the page.
 */
import type { AltchaChallenge } from '../../src/http/wire.ts'
import { solveAltcha } from '../../src/react/altcha.ts'

type Google = { ready(work: () => void): void; execute(key: string, about: { action: string }): Promise<string> }

async function answerOf(part: HTMLElement): Promise<string> {
  const { challenge, challengeUrl, siteKey, action } = part.dataset
  if (siteKey) {
    const google = (window as { grecaptcha?: Google }).grecaptcha
    // Not there: the server looks whether its provider is, and says what to do.
    if (!google) return ''
    await new Promise<void>((done) => google.ready(done))
    return google.execute(siteKey, { action: action ?? '' })
  }
  if (challenge) return solveAltcha(JSON.parse(challenge) as AltchaChallenge)
  const response = await fetch(challengeUrl ?? '', { signal: AbortSignal.timeout(15_000) })
  if (!response.ok) throw new Error(`status ${response.status}`)
  return solveAltcha((await response.json()) as AltchaChallenge)
}

const started = (within: ParentNode): void => {
  for (const note of within.querySelectorAll<HTMLElement>('[data-without-script]')) note.hidden = true
}

// A provider's has started once it has put something into its place.
for (const widget of document.querySelectorAll('[data-widget]')) {
  const look = (): void => {
    if (widget.childElementCount > 0) started(document)
  }
  new MutationObserver(look).observe(widget, { childList: true })
  look()
}

for (const part of document.querySelectorAll<HTMLElement>('[data-captcha]')) {
  const form = part.closest('form')
  const field = part.querySelector<HTMLInputElement>('input[name=captcha]')
  const button = form?.querySelector<HTMLButtonElement>('button[type=submit]')
  const status = part.querySelector<HTMLElement>('[role=status]')
  if (!form || !field || !button || !status) continue
  started(part)
  const label = button.textContent
  let working = false
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (working) return
    working = true
    status.textContent = part.dataset.working ?? ''
    answerOf(part).then(
      (answer) => {
        field.value = answer
        // Past the listeners: they have had their turn.
        HTMLFormElement.prototype.submit.call(form)
      },
      () => {
        working = false
        status.textContent = part.dataset.failed ?? ''
        form.ariaBusy = null
        button.removeAttribute('aria-disabled')
        button.textContent = label
      },
    )
  })
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return
    working = false
    field.value = ''
    status.textContent = ''
  })
}
