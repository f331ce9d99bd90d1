/** Answers Latchkey's paths; the application's own pages go first, for they are more exact. */
import { recovery } from '../../recovery'

async function answer(request: Request): Promise<Response> {
  const latchkey = recovery()
  await latchkey.ready()
  const { pathname, search } = new URL(request.url)
  if (!latchkey.answers(pathname)) return new Response('There is no such page.', { status: 404 })
  // Next names the host that it listens on; the one that the visitor asked for is in the header.
  const asked = new Request(`http://${request.headers.get('host')}${pathname}${search}`, request)
  return latchkey.fetch(asked, { remoteAddress: request.headers.get('x-latchkey-peer') ?? '' })
}

export {
  answer as DELETE,
  answer as GET,
  answer as HEAD,
  answer as OPTIONS,
  answer as PATCH,
  answer as POST,
  answer as PUT,
}
