/** A way to a server that can be cut, held up, or closed: what a network does between an application and its database. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A way that leads to a port. */
export type Wire = {
  readonly port: number
  /** Cuts each connection on which the server answers `text`, in place of that answer. */
  cutBefore(text: string): void
  /** From now on answers stay away, on old connections and on new ones. */
  hold(): void
  /** Ends all connections and refuses new ones. */
  shut(): void
  /** As at the beginning. */
  mend(): void
  close(): Promise<void>
}

/** Opens one to `port` of this machine. */
export async function wireTo(port: number): Promise<Wire> {
  const open = new Set<Socket>()
  let state: 'good' | 'held' | 'shut' = 'good'
  let cut: string | null = null
  const server = createServer((near) => {
    if (state === 'shut') return near.destroy()
    const far = connect(port, '127.0.0.1')
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.on('data', (chunk) => far.write(chunk))
    far.on('data', (chunk) => {
      if (cut !== null && chunk.includes(cut)) near.destroy()
      else if (state === 'good') near.write(chunk)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endAll = (): void => {
    for (const socket of open) socket.destroy()
  }
  return {
    port: (server.address() as { port: number }).port,
    cutBefore(text) {
      cut = text
    },
    hold() {
      state = 'held'
    },
    shut() {
      state = 'shut'
      endAll()
    },
    mend() {
      if (state === 'held') endAll()
      state = 'good'
      cut = null
    },
    async close() {
      server.close()
      endAll()
      await once(server, 'close')
    },
  }
}
