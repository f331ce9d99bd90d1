/** node:http servers for one listener, with the times that keep slow callers from holding connections. */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Listen } from './read-network.ts'

/** Servers that listen, and how they stop. */
export type Listening = {
  /** Where, as URLs. */
  readonly urls: readonly string[]
  readonly port: number
  /** Takes no more connections; ends when the last answer is given, or after `patience` milliseconds with a cut. */
  stop(patience: number): Promise<void>
}

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
): Promise<Listening> {
  let stopping = false
  const listener: RequestListener = (request, response) => {
    if (stopping) response.setHeader('Connection', 'close')
    answer(request, response)
  }
  const first = await open(listener, host, port)
  const servers = [first]
  const taken = (first.address() as AddressInfo).port
  const other = development ? otherLoopback(first.address() as AddressInfo) : null
  if (other) {
    try {
      servers.push(await open(listener, other, taken))
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

async function open(listener: RequestListener, host: string, port: number): Promise<Server> {
  const server = createServer({ connectionsCheckingInterval: 2_000 }, listener)
  server.headersTimeout = 10_000
  server.requestTimeout = 30_000
  // Longer than load balancers keep theirs (60 s): else they send a request into a connection that we just closed.
  server.keepAliveTimeout = 65_000
  // Of silence, for callers that do not read what they asked for.
  server.timeout = 60_000
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
