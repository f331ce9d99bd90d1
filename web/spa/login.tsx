import { type ReactElement, useEffect, useState } from 'react'
import { loginUrl } from './config.ts'
import { usePlace, useRouter } from './link.tsx'
import { Page } from './page.tsx'
import { Return } from './return.tsx'
import { useSetup } from './setup.ts'
import { texts } from './texts.ts'

/** `/login`: leads on to the log-in page of the application; after a reset it says so first. */
export function Login(): ReactElement {
  const { config } = useSetup()
  const { href } = useRouter()
  const hasReset = usePlace().state?.justReset === true
  const target = loginUrl(config.login, new URL(href('/login'), location.origin).href)
  const [toast, setToast] = useState<string | null>(null)
  useEffect(() => {
    // After the page stands, so that the region is there before its text and is read out.
    if (hasReset) setToast(texts.justReset)
    else if (target !== null) location.replace(target)
  }, [hasReset, target])

  const link = target !== null && (
    <a href={target} className="action">
      {texts.login}
    </a>
  )
  return (
    <Page heading={texts.loginHeading} brand={config.brand} status={toast && <p>{toast}</p>}>
      <p>{target === null ? texts.loginElsewhere : hasReset ? texts.doneLead : texts.leaving}</p>
      {hasReset && target !== null ? (
        <Return seconds={5} onEnd={() => location.replace(target)}>
          {link}
        </Return>
      ) : (
        link
      )}
    </Page>
  )
}
