/**
 * What pages do better with a script; each works without. Sentences come in `data-` attributes, so that this file
 * holds none and is the same in every language.
 */

const all = (selector: string, within: ParentNode = document): HTMLElement[] => [
  ...within.querySelectorAll<HTMLElement>(selector),
]

const clock = (seconds: number): string => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`

/** Tells each second what is left, by the clock: a page in the background is told fewer times, not later. */
function count(seconds: number, tell: (left: number) => void): void {
  const end = performance.now() + seconds * 1000
  const step = (): void => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000))
    tell(left)
    if (left === 0) clearInterval(timer)
  }
  const timer = setInterval(step, 1000)
  step()
}

const lang = document.documentElement.lang

// What a page says when it opens is not read out by itself: a region that is filled later is.
const spoken = document.createElement('p')
spoken.className = 'unseen'
spoken.setAttribute('role', 'status')
document.body.append(spoken)
const speak = (text: string): void => {
  spoken.textContent = text
}
const toast = document.querySelector('.toast')?.textContent
if (toast) setTimeout(speak, 500, toast)

// Seen each second, heard each minute: an ear cannot look away.
for (const shown of all('[data-countdown]')) {
  const sentence = shown.textContent
  const first = clock(Number(shown.dataset.countdown))
  const minutes = new Intl.NumberFormat(lang, { style: 'unit', unit: 'minute', unitDisplay: 'long' })
  count(Number(shown.dataset.countdown), (left) => {
    shown.textContent = left > 0 ? sentence.replace(first, clock(left)) : (shown.dataset.over ?? '')
    if (left === 0) speak(shown.textContent)
    else if (left % 60 === 0) speak(sentence.replace(first, minutes.format(left / 60)))
  })
}

for (const moment of all('time')) {
  const at = new Date(moment.getAttribute('datetime') ?? '')
  moment.title = moment.textContent
  moment.textContent = new Intl.DateTimeFormat(lang, { dateStyle: 'long', timeStyle: 'short' }).format(at)
}

for (const hint of all('[data-wait]')) {
  const button = hint.parentElement?.querySelector('button')
  if (!button) continue
  const label = button.textContent
  hint.hidden = true
  count(Number(hint.dataset.wait), (left) => {
    button.disabled = left > 0
    button.textContent = left > 0 ? `${label} (${clock(left)})` : label
  })
}

// One post per press: the second of a double click would spend a try, or tell of a link that the first one used.
for (const form of all('form')) {
  const button = form.querySelector<HTMLButtonElement>('button[type=submit]')
  if (!button) continue
  const label = button.textContent
  form.addEventListener('submit', (event) => {
    if (form.ariaBusy === 'true') return event.preventDefault()
    for (const input of all('[data-reveal]', form)) input.setAttribute('type', 'password')
    form.ariaBusy = 'true'
    button.setAttribute('aria-disabled', 'true')
    button.textContent = form.dataset.busy ?? label
  })
  // A page that comes back by "Back" comes as it was left.
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return
    form.ariaBusy = null
    button.removeAttribute('aria-disabled')
    button.textContent = label
  })
}

for (const button of all('button.reveal')) {
  const input = document.getElementById(button.getAttribute('aria-controls') ?? '')
  const caps = button.parentElement?.querySelector<HTMLElement>('.caps')
  button.hidden = false
  button.addEventListener('click', () => {
    const show = input?.getAttribute('type') === 'password'
    input?.setAttribute('type', show ? 'text' : 'password')
    button.textContent = (show ? button.dataset.hide : button.dataset.show) ?? ''
  })
  const look = (event: Event): void => {
    const on = event instanceof KeyboardEvent && event.getModifierState('CapsLock')
    set(caps, String(on), on ? caps?.dataset.caps : '')
  }
  for (const when of ['keydown', 'keyup', 'blur']) input?.addEventListener(when, look)
}

// The same classes as the server's, which judges; this only tells.
const kinds: Record<string, RegExp> = {
  upper: /[\p{Lu}\p{Lt}\p{Lo}]/u,
  lower: /[\p{Ll}\p{Lo}]/u,
  digit: /\p{Nd}/u,
  special: /[^\p{L}\p{N}\p{M}]/u,
  'not-all-digits': /[^\p{Nd}]/u,
}

function set(shown: HTMLElement | null | undefined, state: string, text?: string): void {
  if (!shown || (shown.dataset.state ?? '') === state) return
  shown.dataset.state = state
  if (text !== undefined) shown.textContent = text
}

type Estimator = typeof import('./strength.ts')

/** Tells how strong the password is a moment after the typing pauses; what estimates it comes with the first letter. */
function advise(input: HTMLInputElement, level: HTMLElement, advice: HTMLElement): void {
  const sentences = JSON.parse(advice.dataset.advice ?? '{}') as Record<string, string>
  const names = (input.form?.querySelector<HTMLInputElement>('[name=username]')?.value ?? '').split(/[@.]/)
  let estimator: Promise<Estimator> | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  const tell = async (): Promise<void> => {
    estimator ??= import(/* @vite-ignore */ level.dataset.script ?? '') as Promise<Estimator>
    // Without it nothing is told: it only advises.
    const { judge } = await estimator
    const found = input.value === '' ? null : judge(input.value, names)
    set(level, found?.level ?? '', found ? level.dataset[found.level] : '')
    const told = found?.advice.map((one) => sentences[one]).join(' ') ?? ''
    set(advice, told, told)
  }
  input.addEventListener('input', () => {
    clearTimeout(timer)
    timer = setTimeout(() => void tell().catch(() => {}), 250)
  })
}

for (const list of all('#rules ul')) {
  const [first, second] = all('input[autocomplete=new-password]') as HTMLInputElement[]
  if (!first || !second) continue
  const [level, advice] = all('.strength, .advice')
  if (level && advice) advise(first, level, advice)
  const match = document.querySelector<HTMLElement>('.match')
  const isMet = (rule: string, least: number): boolean =>
    rule === 'min'
      ? [...first.value].length >= least
      : rule === 'match'
        ? first.value !== '' && first.value === second.value
        : (kinds[rule]?.test(first.value) ?? false)
  const look = (): void => {
    for (const item of all('[data-rule]', list)) {
      const met = isMet(item.dataset.rule ?? '', Number(item.dataset.min))
      set(item, met ? 'met' : '')
      set(item.querySelector<HTMLElement>('.unseen'), String(met), met ? list.dataset.met : '')
    }
    const same = second.value ? (first.value === second.value ? 'met' : 'no') : ''
    set(match, same, same === 'met' ? match?.dataset.match : same ? match?.dataset.noMatch : '')
  }
  for (const input of [first, second]) input.addEventListener('input', look)
  look()
}
