import { type ReactElement, useEffect, useRef } from 'react'
import type { AccountChoice } from '../http/wire.ts'
import { type TextsGiven, textsWith } from './texts.ts'

/** What an `AccountPicker` takes. */
export type AccountPickerProps = {
  /** `accounts` of the state `choosing`. */
  readonly accounts: readonly AccountChoice[]
  /** Called with the grant of the account that was taken. */
  readonly onChoose: (grant: string) => void
  readonly texts?: TextsGiven
}

/** Asks which of several accounts a new password is for: a button each. It takes the focus, since its form went away. */
export function AccountPicker({ accounts, onChoose, texts }: AccountPickerProps): ReactElement {
  const words = textsWith(texts)
  const place = useRef<HTMLFieldSetElement>(null)
  useEffect(() => place.current?.focus(), [])
  return (
    <fieldset className="latchkey-picker" tabIndex={-1} ref={place}>
      <legend>{words.pickerTitle}</legend>
      <p>{words.pickerLead}</p>
      <ul>
        {accounts.map(({ grant, name }) => (
          <li key={grant}>
            <button type="button" onClick={() => onChoose(grant)}>
              <bdi>{name}</bdi>
            </button>
          </li>
        ))}
      </ul>
    </fieldset>
  )
}
