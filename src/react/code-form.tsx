import { type ReactElement, type SubmitEvent, useEffect, useId, useRef, useState } from 'react'
import { FieldNote, type FormProps, Note, Submit } from './note.tsx'
import { clock, fill, sentenceOf, type TextsGiven, textsWith } from './texts.ts'

/** What a `CodeForm` takes. */
export type CodeFormProps = FormProps & {
  /** Called with the digits alone. */
  readonly onProve: (code: string) => void
  /** Called for another code; without it no button is shown. */
  readonly onResend?: () => void
  /** Seconds until another code may be asked for. */
  readonly resendIn?: number | null
  /** The address that was typed. */
  readonly email: string
  /** Default: 6. */
  readonly digits?: number
  readonly texts?: TextsGiven
}

/** Asks for the code of a letter: one field, into which `123 456` may be pasted. */
export function CodeForm(props: CodeFormProps): ReactElement {
  const { onProve, onResend, email, digits = 6, busy = false, problem = null, wait = null, resendIn = null } = props
  const words = textsWith(props.texts)
  const id = useId()
  const field = useRef<HTMLInputElement>(null)
  const [fault, setFault] = useState<string | null>(null)
  const isOfField = problem?.code === 'code-dead' || problem?.code === 'code-malformed'
  const said = fault ?? (isOfField && problem ? sentenceOf(problem, words) : null)

  useEffect(() => {
    if (isOfField && problem) field.current?.focus()
  }, [isOfField, problem])

  const onSubmit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const code = digitsOf(field.current?.value ?? '')
    const wrong = code.length === digits && /^\d+$/.test(code) ? null : fill(words.codeInvalid, { digits })
    setFault(wrong)
    if (wrong) field.current?.focus()
    else onProve(code)
  }

  return (
    <form className="latchkey-form" method="post" noValidate onSubmit={onSubmit} aria-busy={busy}>
      <Note problem={isOfField ? null : problem} texts={words} />
      <div className="latchkey-field">
        <label htmlFor={`${id}-code`}>{words.codeLabel}</label>
        <p id={`${id}-hint`}>{fill(words.codeHint, { digits, email })}</p>
        <input
          ref={field}
          id={`${id}-code`}
          name="code"
          // Not `number`, which drops leading zeros; no `maxlength`, which would cut a pasted `123 456`.
          type="text"
          inputMode="numeric"
          autoComplete="one-time-code"
          required
          aria-invalid={said !== null}
          aria-describedby={`${id}-hint ${id}-fault`}
        />
        <FieldNote id={`${id}-fault`}>{said}</FieldNote>
      </div>
      <Submit label={words.prove} busyLabel={words.proving} busy={busy} wait={wait} texts={words} />
      {onResend && (
        <div className="latchkey-resend">
          <button type="button" disabled={busy || resendIn !== null || wait !== null} onClick={onResend}>
            {words.resend}
          </button>
          {resendIn !== null && <p role="timer">{fill(words.resendIn, { time: clock(resendIn) })}</p>}
        </div>
      )}
    </form>
  )
}

/** NFKC turns the full-width digits of an East Asian keyboard into plain ones. */
const digitsOf = (typed: string): string => typed.normalize('NFKC').replace(/[\s-]/g, '')
