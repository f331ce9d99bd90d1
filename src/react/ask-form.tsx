import { type ReactElement, type SubmitEvent, useEffect, useId, useRef, useState } from 'react'
import type { Problem } from '../http/wire.ts'
import { FieldNote, type FormProps, Note, Submit } from './note.tsx'
import { sentenceOf, type TextsGiven, textsWith } from './texts.ts'

/** What an `AskForm` takes. */
export type AskFormProps = FormProps & {
  /** Called with the address, tidied of spaces around it, once it looks like one. */
  readonly onAsk: (email: string) => void
  /** What stands in the field at first. */
  readonly email?: string
  readonly texts?: TextsGiven
}

/** Asks for an email address. */
export function AskForm({
  onAsk,
  email = '',
  busy = false,
  problem = null,
  wait = null,
  texts,
}: AskFormProps): ReactElement {
  const words = textsWith(texts)
  const id = useId()
  const field = useRef<HTMLInputElement>(null)
  const [fault, setFault] = useState<string | null>(null)
  const isOfField = problem !== null && ofField.has(problem.code)
  const said = fault ?? (isOfField ? sentenceOf(problem, words) : null)

  useEffect(() => {
    if (isOfField && problem) field.current?.focus()
  }, [isOfField, problem])

  const onSubmit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const typed = field.current?.value.trim() ?? ''
    const wrong = typed === '' ? words.emailRequired : looksLikeEmail(typed) ? null : words.emailInvalid
    setFault(wrong)
    if (wrong) field.current?.focus()
    else onAsk(typed)
  }

  return (
    // POST, so that a script that fails leaves nothing typed in the address bar.
    <form className="latchkey-form" method="post" noValidate onSubmit={onSubmit} aria-busy={busy}>
      <Note problem={isOfField ? null : problem} texts={words} />
      <div className="latchkey-field">
        <label htmlFor={`${id}-email`}>{words.emailLabel}</label>
        <input
          ref={field}
          id={`${id}-email`}
          name="email"
          type="email"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          defaultValue={email}
          aria-invalid={said !== null}
          aria-describedby={`${id}-fault`}
        />
        <FieldNote id={`${id}-fault`}>{said}</FieldNote>
      </div>
      <Submit label={words.ask} busyLabel={words.asking} busy={busy} wait={wait} texts={words} />
    </form>
  )
}

/** The least that any mail address has; the server knows better, and the letter best of all. */
const looksLikeEmail = (typed: string): boolean => /^[^\s@]+@[^\s@]+$/.test(typed)

const ofField: ReadonlySet<Problem['code']> = new Set<Problem['code']>([
  'email-required',
  'email-invalid',
  'address-unknown',
  'address-unverified',
  'account-inactive',
])
