/** `latchkey/react`: the hook, plain components without styles, and the typed client below them. */

export { AccountPicker, type AccountPickerProps } from './account-picker.tsx'
export { solveAltcha } from './altcha.ts'
export { AskForm, type AskFormProps } from './ask-form.tsx'
export {
  type AccountChoice,
  type AltchaChallenge,
  type Answer,
  type Asked,
  type CallOptions,
  type ClientOptions,
  type Problem,
  type RecoveryClient,
  type RecoveryVerbs,
  type Rules,
  recoveryClient,
  spaVerbs,
} from './client.ts'
export { CodeForm, type CodeFormProps } from './code-form.tsx'
export type {
  Asking,
  Beginning,
  Changing,
  Choosing,
  Done,
  Leave,
  Proving,
  RecoveryEvent,
  RecoveryState,
  Refused,
  Sent,
} from './machine.ts'
export { begin, formOf, next, shownOf } from './machine.ts'
export { NewPasswordForm, type NewPasswordFormProps } from './new-password-form.tsx'
export type { FormProps } from './note.tsx'
export { english, type Texts, type TextsGiven } from './texts.ts'
export { type Recovery, type RecoveryOptions, useRecovery } from './use-recovery.ts'
