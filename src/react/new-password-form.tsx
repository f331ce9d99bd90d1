import { type ReactElement, type SubmitEvent, useEffect, useId, useRef, useState } from 'react'
import type { Problem, Rules } from '../http/wire.ts'
import { FieldNote, type FormProps, Note, Submit } from './note.tsx'
import { leastRules, lengthOf, passwordRules, type Ticked, tick } from './rules.ts'
import { RulesList } from './rules-list.tsx'
import { fill, sentenceOf, type Texts, type TextsGiven, textsWith } from './texts.ts'

/** What a `NewPasswordForm` takes. */
export type NewPasswordFormProps = FormProps & {
  /** Called once length and match are right; the server judges the rest, and says what is unmet. */
  readonly onChange: (password: string, confirm: string) => void
  /** What the password must be; null while it is not known. */
  readonly rules?: Rules | null
  /** Whose password it is, where that is known: shown, and told to password managers. */
  readonly account?: string | null
  readonly texts?: TextsGiven
}

type Faults = { readonly password: string | null; readonly confirm: string | null }

/** Asks for a new password, twice. What is typed stays in the fields: neither state nor attribute ever holds it. */
export function NewPasswordForm(props: NewPasswordFormProps): ReactElement {
  const { onChange, account = null, busy = false, problem = null, wait = null } = props
  const rules = props.rules ?? leastRules
  const words = textsWith(props.texts)
  const id = useId()
  const password = useRef<HTMLInputElement>(null)
  const confirm = useRef<HTMLInputElement>(null)
  const [shown, setShown] = useState(false)
  const [faults, setFaults] = useState<Faults>({ password: null, confirm: null })
  const [ticked, setTicked] = useState<readonly Ticked[]>(() => tick(rules, '', ''))
  const isOfField = problem?.code === 'password-refused'

  useEffect(() => {
    if (isOfField && problem) password.current?.focus()
  }, [isOfField, problem])

  // Rules that come after the first key is struck tick what is there already.
  useEffect(() => {
    setTicked(tick(rules, password.current?.value ?? '', confirm.current?.value ?? ''))
  }, [rules])

  const typed = (): [string, string] => [password.current?.value ?? '', confirm.current?.value ?? '']
  const look = (): void => setTicked(tick(rules, ...typed()))
  const onSubmit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const found = faultsOf(rules, words, ...typed())
    setFaults(found)
    if (found.password) password.current?.focus()
    else if (found.confirm) confirm.current?.focus()
    else onChange(...typed())
  }

  const passwordNote = faults.password ?? (isOfField && problem ? <Unmet problem={problem} texts={words} /> : null)
  const common = { type: shown ? 'text' : 'password', autoComplete: 'new-password', autoCapitalize: 'none' } as const
  // Attributes that React does not type; generators of passwords read them.
  const hints = { passwordrules: passwordRules(rules), minLength: rules.min, spellCheck: false, required: true }

  return (
    <form className="latchkey-form" method="post" noValidate onSubmit={onSubmit} onInput={look} aria-busy={busy}>
      <Note problem={isOfField ? null : problem} texts={words} />
      {account !== null && (
        <div className="latchkey-field">
          <label htmlFor={`${id}-account`}>{words.accountLabel}</label>
          <input id={`${id}-account`} name="username" type="text" autoComplete="username" readOnly value={account} />
        </div>
      )}
      <RulesList id={`${id}-rules`} rules={rules} ticked={ticked} texts={words} />
      <div className="latchkey-field">
        <label htmlFor={`${id}-password`}>{words.passwordLabel}</label>
        <input
          {...common}
          {...hints}
          ref={password}
          id={`${id}-password`}
          name="new_password"
          aria-invalid={passwordNote !== null}
          aria-describedby={`${id}-password-fault ${id}-rules`}
        />
        <FieldNote id={`${id}-password-fault`}>{passwordNote}</FieldNote>
      </div>
      <div className="latchkey-field">
        <label htmlFor={`${id}-confirm`}>{words.confirmLabel}</label>
        <input
          {...common}
          {...hints}
          ref={confirm}
          id={`${id}-confirm`}
          name="confirm_password"
          aria-invalid={faults.confirm !== null}
          aria-describedby={`${id}-confirm-fault`}
        />
        <FieldNote id={`${id}-confirm-fault`}>{faults.confirm}</FieldNote>
      </div>
      <button type="button" className="latchkey-show" onClick={() => setShown(!shown)}>
        {shown ? words.hide : words.show}
      </button>
      <Submit label={words.change} busyLabel={words.changing} busy={busy} wait={wait} texts={words} />
    </form>
  )
}

function faultsOf(rules: Rules, texts: Texts, password: string, confirm: string): Faults {
  const length = lengthOf(password)
  if (length < rules.min) return { password: fill(texts.tooShort, { min: rules.min }), confirm: null }
  if (length > rules.max) return { password: fill(texts.tooLong, { max: rules.max }), confirm: null }
  return { password: null, confirm: password === confirm ? null : texts.mismatch }
}

function Unmet({ problem, texts }: { problem: Problem; texts: Texts }): ReactElement {
  return (
    <>
      <p>{sentenceOf(problem, texts)}</p>
      {problem.unmet && (
        <ul>
          {problem.unmet.map(({ code, message }) => (
            <li key={code}>{message}</li>
          ))}
        </ul>
      )}
    </>
  )
}
