import { type ReactElement, useEffect, useState } from 'react'
import { formOf, NewPasswordForm, type RecoveryState, shownOf, useRecovery } from '../../src/react/index.ts'
import { Link, useRouter } from './link.tsx'
import { Page } from './page.tsx'
import { Return } from './return.tsx'
import { useSetup } from './setup.ts'
import { formTexts, texts } from './texts.ts'

/** Where the token is between the address and the server: in memory, until it is used or dead. */
export type Held = { token: string | null }

/** `/reset-password`: the token was taken out of the address before this page was drawn. */
export function ResetPassword({ held }: { held: Held }): ReactElement {
  const [token] = useState(held.token)
  return token === null ? <Missing /> : <SetPassword token={token} held={held} />
}

function SetPassword({ token, held }: { token: string; held: Held }): ReactElement {
  const { config, verbs } = useSetup()
  const { state, change } = useRecovery('spa', { client: verbs, token })
  const isOver = state.step === 'done' || (state.step === 'refused' && state.back === null)
  useEffect(() => {
    if (isOver) held.token = null
  }, [isOver, held])

  const shown = shownOf(state)
  if (shown.step !== 'changing' && shown.step !== 'done') return <Dead state={state} />
  const isDone = shown.step === 'done'
  return (
    <Page
      heading={isDone ? texts.doneHeading : texts.setHeading}
      brand={config.brand}
      status={isDone && <p>{shown.message}</p>}
    >
      {isDone ? (
        <LogIn />
      ) : (
        <>
          <p>{texts.setLead}</p>
          <NewPasswordForm
            {...formOf(state)}
            texts={formTexts}
            rules={shown.rules}
            account={shown.account}
            onChange={change}
          />
        </>
      )}
    </Page>
  )
}

function LogIn(): ReactElement {
  const { go } = useRouter()
  // Replaced, for nothing is left to do on the page behind.
  const onward = { state: { justReset: true }, replace: true }
  return (
    <>
      <p>{texts.doneLead}</p>
      <Return seconds={5} onEnd={() => go('/login', onward)}>
        <Link to="/login" {...onward} className="action">
          {texts.loginNow}
        </Link>
      </Return>
    </>
  )
}

function Dead({ state }: { state: RecoveryState }): ReactElement {
  const { config } = useSetup()
  return (
    <Page heading={texts.deadHeading} brand={config.brand}>
      <p role="alert">{state.step === 'refused' && state.problem.error}</p>
      <p>{texts.deadLead}</p>
      <RequestNew />
    </Page>
  )
}

function Missing(): ReactElement {
  const { config } = useSetup()
  return (
    <Page heading={texts.missingHeading} brand={config.brand}>
      <p role="alert">{texts.missing}</p>
      <p>{texts.missingLead}</p>
      <RequestNew />
    </Page>
  )
}

const RequestNew = (): ReactElement => (
  <Link to="/forgot-password" className="action">
    {texts.requestNew}
  </Link>
)
