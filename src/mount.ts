/** How a recovery stands in a host's server: beside the host's routes, behind its body parsers, for as long as it runs. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Fault } from './engine/outcome.ts'
import { bareAnswer } from './http/guard.ts'
import type { LogEntry, Peer } from './options.ts'

/** Answers a request of `node:http`; with `next`, which is called for every path that is not Latchkey's, beside a host's own. */
export type NodeMount = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void

/** What the mounts need of a recovery. */
export type Mounted = {
  ready(): Promise<void>
  fetch(request: Request, peer: Peer): Promise<Response>
  close(): Promise<void>
  /** Null until it is open. */
  readonly paths: readonly string[] | null
  /** Whether a path is one of them; throws until it is open. */
  answers(path: string): boolean
  /** Whether it may turn out to be, once it is open. */
  mayBeOurs(path: string): boolean
  readonly log: (entry: LogEntry) => void
}

/** The listener for `node:http`, and the middleware for Express and everything that takes its middleware. */
export function nodeMount(mounted: Mounted): NodeMount {
  const { log } = mounted
  const refuse = (): Response => {
    log({ level: 'error', message: bodyIsGone })
    return bareAnswer(503)
  }
  const fetch = (request: Request, peer: Peer) =>
    isGone(peer.incoming as Parsed | undefined) ? refuse() : mounted.fetch(request, peer)
  const answer = getRequestListener((request, env) => fetch(request, env as Peer), {
    overrideGlobalObjects: false,
    errorHandler(error) {
      // A host or a target that makes no address; else whatever kept the database from opening.
      if (error instanceof Error && error.name === 'RequestError') return bareAnswer(400)
      log({ level: 'error', message: 'a request found nothing open to answer it', error: String(error) })
      return bareAnswer(503)
    },
  })
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    keepBody(request)
    void answer(request, response)
  }
  return (request, response, next) => {
    if (!next) return listener(request, response)
    const path = pathOf(request.url ?? '')
    // So that the host's own pages neither wait for our database nor fall with it.
    if (!mounted.mayBeOurs(path)) return next()
    const decide = (): void => (mounted.answers(path) ? listener(request, response) : next())
    if (mounted.paths) return decide()
    mounted.ready().then(decide, () => listener(request, response))
  }
}

/** What is needed of a Fastify instance: written down here, so that Fastify is no dependency. Routes are its own to type. */
export type FastifyLike = {
  readonly prefix: string
  readonly supportedMethods: readonly string[]
  hasRoute(route: object): boolean
  route(route: object): unknown
  addHook(name: 'onClose', hook: () => Promise<void>): unknown
}

/** A plugin of Fastify 5. */
export type FastifyMount = (instance: FastifyLike) => Promise<void>

/** The plugin: opens with the server, closes with it, and leaves alone what the host has a route for. */
export function fastifyMount(mounted: Mounted, node: NodeMount): FastifyMount {
  const serve = (request: { raw: IncomingMessage }, reply: { raw: ServerResponse; hijack(): void }): void => {
    reply.hijack()
    node(request.raw, reply.raw)
  }
  return async function latchkey(instance) {
    if (instance.prefix !== '') {
      const reason = `recovery.fastify is registered under the prefix "${instance.prefix}", but letters link to the paths of the flows.`
      throw new Fault('configuration', `${reason} Register it without one; a flow's "routes" move its pages.`)
    }
    await mounted.ready()
    for (const url of mounted.paths ?? []) {
      const method = instance.supportedMethods.filter((one) => !instance.hasRoute({ method: one, url }))
      // As the first hook: before Fastify reads the body, and before what a host asks of whoever is signed in.
      if (method.length > 0) instance.route({ method, url, exposeHeadRoute: false, onRequest: serve, handler: serve })
    }
    instance.addHook('onClose', () => mounted.close())
  }
}

/** Where a body was read before us and no mount can give it back. */
export const bodyIsGone =
  'a request came with its body already read: mount Latchkey before whatever reads bodies, or hand on a request that has one'

type Parsed = Partial<Pick<IncomingMessage, 'readableDidRead' | 'method'>> & { body?: unknown; rawBody?: unknown }

/** Puts a body that a host's parser has read where the listener finds it: as it was, or as it was understood. */
function keepBody(request: IncomingMessage & Parsed): void {
  const { body } = request
  if (!request.readableDidRead || request.rawBody instanceof Buffer || body === undefined || body === null) return
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '')
  request.rawBody = Buffer.isBuffer(body) || typeof body === 'string' ? Buffer.from(body) : written(body, isForm)
}

const isGone = ({ readableDidRead, rawBody, method = '' }: Parsed = {}): boolean =>
  readableDidRead === true && !(rawBody instanceof Buffer) && !['GET', 'HEAD'].includes(method)

const written = (body: unknown, isForm: boolean): Buffer =>
  Buffer.from(isForm ? new URLSearchParams(pairs('', body)).toString() : JSON.stringify(body))

/** A form's fields. One that was sent twice, or with brackets, is a list by now; it comes under names that no form of ours has. */
function pairs(name: string, value: unknown): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[name, String(value)]]
  return Object.entries(value).flatMap(([key, one]) => pairs(name === '' ? key : `${name}[${key}]`, one))
}

const pathOf = (target: string): string => {
  const [bare = ''] = target.split(/[?#]/)
  return bare.startsWith('/') || !URL.canParse(bare) ? bare : new URL(bare).pathname
}

/** Whether a path is one of these patterns, which are asked for once. */
export function matcher(paths: () => readonly string[]): (path: string) => boolean {
  let pattern: RegExp | null = null
  return (path) => {
    pattern ??= new RegExp(`^(?:${paths().map(source).join('|')})$`)
    return pattern.test(path)
  }
}

const source = (path: string): string => path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')
