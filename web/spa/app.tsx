import { type ReactElement, useCallback, useEffect, useState } from 'react'
import type { Answer } from '../../src/react/index.ts'
import { type Config, loadConfig } from './config.ts'
import { ForgotPassword } from './forgot-password.tsx'
import { Link, RouterContext, usePlace, useRouter } from './link.tsx'
import { Login } from './login.tsx'
import { Page } from './page.tsx'
import { type Held, ResetPassword } from './reset-password.tsx'
import { createRouter } from './router.ts'
import { SetupContext, setUp, useSetup } from './setup.ts'
import { speak, texts } from './texts.ts'

/** The application: its configuration first, then the page of the address. */
export function App({ base, held }: { base: string; held: Held }): ReactElement {
  const [answer, setAnswer] = useState<Answer<Config> | null>(null)
  // Tried again without a reload, which would forget the token.
  const load = useCallback(() => {
    setAnswer(null)
    void loadConfig(base).then((loaded) => {
      if (loaded.ok) speak(loaded.words, document)
      setAnswer(loaded)
    })
  }, [base])
  useEffect(load, [load])

  if (answer === null) return <p role="status">{texts.loading}</p>
  if (!answer.ok) {
    return (
      <Page heading={texts.loadFailed}>
        <p role="alert">{answer.problem.error}</p>
        <button type="button" onClick={load}>
          {texts.tryAgain}
        </button>
      </Page>
    )
  }
  return <Running config={answer} held={held} />
}

function Running({ config, held }: { config: Config; held: Held }): ReactElement {
  const [setup] = useState(() => setUp(config))
  const [router] = useState(() => createRouter(config.base, window))
  return (
    <SetupContext value={setup}>
      <RouterContext value={router}>
        <Route held={held} />
      </RouterContext>
    </SetupContext>
  )
}

function Route({ held }: { held: Held }): ReactElement {
  const { path } = usePlace()
  switch (path) {
    case '/':
      return <Onward to="/forgot-password" />
    case '/forgot-password':
      return <ForgotPassword />
    case '/reset-password':
      return <ResetPassword held={held} />
    case '/login':
      return <Login />
    default:
      return <NotFound />
  }
}

function Onward({ to }: { to: string }): null {
  const { go } = useRouter()
  useEffect(() => go(to, { replace: true }), [go, to])
  return null
}

function NotFound(): ReactElement {
  const { config } = useSetup()
  return (
    <Page heading={texts.notFoundHeading} brand={config.brand}>
      <p>{texts.notFoundLead}</p>
      <Link to="/forgot-password" className="action">
        {texts.askHeading}
      </Link>
    </Page>
  )
}
