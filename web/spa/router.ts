/** Four pages need no library: the history API, a base, and a path without its last slash. */
/** Where the visitor is: the path below the base, and what the last page said to this one. */
export type Place = { readonly path: string; readonly state: { readonly justReset?: boolean } | null }

/** How one gets about. */
export type Router = {
  readonly current: () => Place
  readonly subscribe: (listener: () => void) => () => void
  /** The whole path of one below the base. */
  readonly href: (path: string) => string
  /** Goes to a path below the base. `replace` leaves no way back to the present page. */
  readonly go: (path: string, options?: { readonly state?: Place['state']; readonly replace?: boolean }) => void
}

/** The path below `base`, without a slash at its end; null outside the base. */
export function pathBelow(base: string, pathname: string): string | null {
  const start = base.replace(/\/+$/, '')
  if (pathname !== start && !pathname.startsWith(`${start}/`)) return null
  return pathname.slice(start.length).replace(/\/+$/, '') || '/'
}

/** A router over the history of `page`. `base` is a path or a whole address. */
export function createRouter(base: string, page: Window): Router {
  const start = new URL(base || '/', page.location.origin).pathname.replace(/\/+$/, '')
  const read = (): Place => ({
    path: pathBelow(start, page.location.pathname) ?? '',
    state: page.history.state as Place['state'],
  })
  const listeners = new Set<() => void>()
  let place = read()
  const arrive = (): void => {
    place = read()
    for (const listener of listeners) listener()
  }
  page.addEventListener('popstate', arrive)
  return {
    current: () => place,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    href: (path) => start + path,
    go: (path, { state = null, replace = false } = {}) => {
      page.history[replace ? 'replaceState' : 'pushState'](state, '', start + path)
      arrive()
    },
  }
}
