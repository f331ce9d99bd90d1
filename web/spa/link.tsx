import {
  type AnchorHTMLAttributes,
  createContext,
  type MouseEvent,
  type ReactElement,
  use,
  useSyncExternalStore,
} from 'react'
import type { Place, Router } from './router.ts'

/** The router of the application. */
export const RouterContext = createContext<Router | null>(null)

/** The router; only below `RouterContext`. */
export function useRouter(): Router {
  const router = use(RouterContext)
  if (!router) throw new Error('There is no RouterContext above this component.')
  return router
}

/** Where the visitor is, anew after each move. */
export function usePlace(): Place {
  const { subscribe, current } = useRouter()
  return useSyncExternalStore(subscribe, current)
}

type LinkProps = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> & {
  readonly to: string
  readonly state?: Place['state']
  readonly replace?: boolean
}

/** A link to a path below the base. Whoever wants a new tab gets it. */
export function Link({ to, state, replace, ...rest }: LinkProps): ReactElement {
  const { go, href } = useRouter()
  const onClick = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    go(to, { state, replace })
  }
  return <a {...rest} href={href(to)} onClick={onClick} />
}
