/** node:http servers for one listener, with the times that keep slow callers from holding connections. */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { bareAnswer } from '../http/guard.ts'
import type { Listen } from './read-network.ts'

/** Servers that listen, and how they stop. */
export type Listening = {
  /** Where, as URLs. */
  readonly urls: readonly string[]
  readonly port: number
  /** Takes no more connections; ends when the last answer is given, or after `patience` milliseconds with a cut. */
  stop(patience: number): Promise<void>
}

/** How long a connection may take, in milliseconds, and how many there may be. */
export type Bounds = {
  /** Until the head of a request is there, and until one begins at all. */
  readonly head: number
  /** Until the whole request is there. */
  readonly request: number
  /** Between two requests. Longer than load balancers keep theirs: else they send into what we just closed. */
  readonly idle: number
  /** Of silence, for callers that do not read what they asked for. */
  readonly silence: number
  /** How often those that are late are looked for. */
  readonly check: number
  /** Connections at once; more are closed as they come, so that the process keeps room for its files. */
  readonly connections: number
}

/** Load balancers keep connections for 60 s. */
export const bounds: Bounds = {
  ...{ head: 10_000, request: 30_000, idle: 65_000, silence: 60_000, check: 2_000, connections: 8_192 },
}

/**
 * Makes the Node adapter's own `Response` the one of this process, which must be ours alone: a text is then written as it
 * is, where the global one is read out of a stream again. That was a third of what HTTP costs an ask.
 */
export const ownResponses = (): void => void getRequestListener(() => bareAnswer(503))

/** The address is not to be had; `message` says why and what to do. */
export class CannotListen extends Error {
  override readonly name = 'CannotListen'
}

/**
 * Listens. In development on both loopback addresses, for a browser may read `localhost` either way.
 * @throws CannotListen when the port is taken, or the host is not one of this machine's.
 */
export async function listen(
  answer: RequestListener,
  { host, port }: Listen,
  development: boolean,
  within: Bounds = bounds,
): Promise<Listening> {
  let stopping = false
  const listener: RequestListener = (request, response) => {
    if (stopping) response.setHeader('Connection', 'close')
    answer(request, response)
  }
  const first = await open(listener, host, port, within)
  const servers = [first]
  const taken = (first.address() as AddressInfo).port
  const other = development ? otherLoopback(first.address() as AddressInfo) : null
  if (other) {
    try {
      servers.push(await open(listener, other, taken, within))
    } catch (error) {
      // A machine without IPv6 has one loopback address; a port that somebody else holds there is a trap.
      if (error instanceof CannotListen && isTaken(error.cause)) {
        await close(first, 0)
        throw error
      }
    }
  }
  return {
    port: taken,
    urls: servers.map((server) => urlOf(server.address() as AddressInfo)),
    async stop(patience) {
      stopping = true
      await Promise.all(servers.map((server) => close(server, patience)))
    },
  }
}

/** A port that nobody holds right now. */
export async function freePort(host: string): Promise<number> {
  const server = await open(() => {}, host, 0)
  const { port } = server.address() as AddressInfo
  await close(server, 0)
  return port
}

async function open(listener: RequestListener, host: string, port: number, within = bounds): Promise<Server> {
  const server = createServer({ connectionsCheckingInterval: within.check }, listener)
  server.headersTimeout = within.head
  server.requestTimeout = within.request
  server.keepAliveTimeout = within.idle
  server.timeout = within.silence
  server.maxConnections = within.connections
  server.listen({ host, port })
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new CannotListen(explain(error as NodeJS.ErrnoException, host, port), { cause: error })
  }
  return server
}

async function close(server: Server, patience: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  // Node closes what is idle now; a connection whose answer ends later would stay for its keep-alive time.
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  const cut = setTimeout(() => server.closeAllConnections(), patience)
  await closed
  clearInterval(sweep)
  clearTimeout(cut)
}

const isTaken = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EADDRINUSE'

function explain(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (isTaken(error)) {
    return `Port ${port} on ${host} is taken by another program. Choose another with --port ${port + 1} or PORT=${port + 1}.`
  }
  if (error.code === 'EACCES') return `Port ${port} needs more rights than this user has. Choose one above 1023.`
  if (error.code === 'EADDRNOTAVAIL')
    return `${host} is no address of this machine. Choose another with --host or HOST.`
  return `Cannot listen on ${host}, port ${port}: ${error.message}.`
}

function otherLoopback({ address }: AddressInfo): string | null {
  if (address === '::1') return '127.0.0.1'
  return address === '127.0.0.1' ? '::1' : null
}

const urlOf = ({ address, family, port }: AddressInfo): string =>
  `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/`
