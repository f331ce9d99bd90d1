import type { ReactElement } from 'react'
import { useEffect, useRef } from 'react'
import type { Problem } from '../http/wire.ts'
import { clock, fill, sentenceOf, type Texts } from './texts.ts'

/** What every form takes beside its own. */
export type FormProps = {
  /** A call is under way: the button is disabled, and a status says so. */
  readonly busy?: boolean
  /** What the last answer refused. */
  readonly problem?: Problem | null
  /** Seconds until the visitor may try again; the button is disabled and a countdown runs. */
  readonly wait?: number | null
}

/** A problem of the whole form. It takes the focus, since the button that had it was disabled in the meantime. */
export function Note({ problem, texts }: { problem: Problem | null; texts: Texts }): ReactElement {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (problem) place.current?.focus()
  }, [problem])
  return (
    <div role="alert" className="latchkey-note" tabIndex={-1} ref={place}>
      {problem && <p>{sentenceOf(problem, texts)}</p>}
    </div>
  )
}

/** A sentence about one field; give its `id` to the field's `aria-describedby`. Empty, it stays, so that it is announced when filled. */
export function FieldNote({ id, children }: { id: string; children: ReactElement | string | null }): ReactElement {
  return (
    <div role="alert" className="latchkey-field-note" id={id}>
      {children}
    </div>
  )
}

type SubmitProps = {
  readonly label: string
  readonly busyLabel: string
  readonly busy: boolean
  readonly wait: number | null
  readonly texts: Texts
}

/** The button, the loader, and the countdown. The countdown is no live region: it would be read out each second. */
export function Submit({ label, busyLabel, busy, wait, texts }: SubmitProps): ReactElement {
  const isWaiting = wait !== null && wait > 0
  return (
    <div className="latchkey-submit">
      <button type="submit" disabled={busy || isWaiting}>
        {label}
      </button>
      <p role="status" className="latchkey-loader">
        {busy ? busyLabel : ''}
      </p>
      {isWaiting && (
        <p role="timer" className="latchkey-timer">
          {fill(texts.remaining, { time: clock(wait) })}
        </p>
      )}
    </div>
  )
}
