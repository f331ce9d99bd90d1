/**
 * Takes the token out of the address before anything else runs. What stays in an address is read over a shoulder,
 * kept in the history of a shared computer, and sent along as a referrer.
 */

/** The token of `<base>/reset-password/<token>` and the address without it; null for any other address. */
export function split(pathname: string, base: string): { token: string | null; path: string } | null {
  const start = `${base.replace(/\/+$/, '')}/reset-password`
  if (!pathname.startsWith(`${start}/`)) return null
  const token = pathname.slice(start.length + 1).replace(/\/$/, '')
  return { token: token === '' || token.includes('/') ? null : decode(token), path: start }
}

/** Takes the token of the page's address once; null when there is none. Query and fragment go with it. */
export function takeToken(base: string, page: Pick<Window, 'location' | 'history'>): string | null {
  const found = split(page.location.pathname, base)
  if (!found) return null
  page.history.replaceState(null, '', found.path)
  return found.token
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
