import type { ReactElement } from 'react'
import { AskForm, formOf, shownOf, useRecovery } from '../../src/react/index.ts'
import { Link, useRouter } from './link.tsx'
import { Page } from './page.tsx'
import { Return } from './return.tsx'
import { useSetup } from './setup.ts'
import { formTexts, texts } from './texts.ts'

/** `/forgot-password`: asks for the address, and says the same whoever it is. */
export function ForgotPassword(): ReactElement {
  const { config, verbs } = useSetup()
  const { go } = useRouter()
  const { state, ask, startOver } = useRecovery('spa', { client: verbs })

  if (state.step === 'sent') {
    return (
      <Page heading={texts.sentHeading} brand={config.brand} status={<p>{state.message}</p>}>
        <p>{texts.sentLead}</p>
        <Return seconds={10} onEnd={() => go('/login')}>
          <Link to="/login" className="action">
            {texts.backToLogin}
          </Link>
        </Return>
        <button type="button" className="quiet" onClick={startOver}>
          {texts.otherEmail}
        </button>
      </Page>
    )
  }
  const shown = shownOf(state)
  return (
    <Page heading={texts.askHeading} brand={config.brand}>
      <p>{texts.askLead}</p>
      <AskForm {...formOf(state)} texts={formTexts} email={shown.step === 'asking' ? shown.email : ''} onAsk={ask} />
      <p>
        <Link to="/login">{texts.backToLogin}</Link>
      </p>
    </Page>
  )
}
