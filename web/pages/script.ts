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

for (const shown of all('[data-countdown]')) {
  const sentence = shown.textContent
  const first = clock(Number(shown.dataset.countdown))
  count(Number(shown.dataset.countdown), (left) => {
    if (left === 0) shown.setAttribute('role', 'status')
    shown.textContent = left > 0 ? sentence.replace(first, clock(left)) : (shown.dataset.over ?? '')
  })
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
  const inputs = all('[data-reveal]', button.closest('form') ?? document)
  button.hidden = false
  button.addEventListener('click', () => {
    const show = inputs[0]?.getAttribute('type') === 'password'
    for (const input of inputs) input.setAttribute('type', show ? 'text' : 'password')
    button.textContent = (show ? button.dataset.hide : button.dataset.show) ?? ''
  })
}

// The same classes as the server's, which judges; this only tells.
const kinds: Record<string, RegExp> = {
  upper: /[\p{Lu}\p{Lt}\p{Lo}]/u,
  lower: /[\p{Ll}\p{Lo}]/u,
  digit: /\p{Nd}/u,
  special: /[^\p{L}\p{N}\p{M}]/u,
  'not-all-digits': /[^\p{Nd}]/u,
}

/** Length first, then kinds of characters; few different ones are weak at any length. */
function strength(text: string): 'weak' | 'fair' | 'strong' {
  const length = [...text].length
  const mixed = ['upper', 'lower', 'digit', 'special'].filter((kind) => kinds[kind]?.test(text)).length
  const points = [8, 12, 16].filter((least) => length >= least).length + mixed
  if (length < 8 || new Set(text).size < 5 || points < 3) return 'weak'
  return points < 5 ? 'fair' : 'strong'
}

function set(shown: HTMLElement | null, state: string, text?: string): void {
  if (!shown || (shown.dataset.state ?? '') === state) return
  shown.dataset.state = state
  if (text !== undefined) shown.textContent = text
}

for (const list of all('#rules ul')) {
  const [first, second] = all('input[autocomplete=new-password]') as HTMLInputElement[]
  if (!first || !second) continue
  const advice = document.querySelector<HTMLElement>('.strength')
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
    const level = first.value ? strength(first.value) : ''
    set(advice, level, level ? advice?.dataset[level] : '')
    const same = second.value ? (first.value === second.value ? 'met' : 'no') : ''
    set(match, same, same === 'met' ? match?.dataset.match : same ? match?.dataset.noMatch : '')
  }
  for (const input of [first, second]) input.addEventListener('input', look)
  look()
}
