/** A mail server on loopback that keeps what it is given, and misbehaves as it is told. */
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer } from 'smtp-server'

/** A letter as it came over the wire. */
export type Received = {
  readonly from: string
  readonly to: readonly string[]
  readonly raw: string
  readonly at: number
  parsed(): Promise<Email>
}

/** What may be wrong with a letter: an SMTP answer for it, or null to take it. */
export type Manners = {
  /** Answers to RCPT TO. */
  recipient?: (address: string) => { code: number; text: string } | null
  /** Answers to the letter itself; the text is known by then. */
  letter?: (raw: string) => { code: number; text: string } | null
  /** Milliseconds before a letter is taken; Infinity never answers. */
  delay?: number
}

export type MailServer = {
  readonly port: number
  readonly received: Received[]
  /** To change while it runs. */
  manners: Manners
  close(): Promise<void>
}

const failure = ({ code, text }: { code: number; text: string }): Error =>
  Object.assign(new Error(text), { responseCode: code })

/** Starts one; on a given port to come back where one was before. */
export async function mailServer(manners: Manners = {}, port = 0): Promise<MailServer> {
  const received: Received[] = []
  const self = { manners }
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onRcptTo({ address }, _session, done) {
      const refusal = self.manners.recipient?.(address) ?? null
      done(refusal ? failure(refusal) : null)
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString('utf8')
        const { delay = 0 } = self.manners
        if (delay === Number.POSITIVE_INFINITY) return
        setTimeout(() => {
          const refusal = self.manners.letter?.(raw) ?? null
          if (refusal) return done(failure(refusal))
          const { mailFrom, rcptTo } = session.envelope
          received.push({
            from: mailFrom ? mailFrom.address : '',
            to: rcptTo.map(({ address }) => address),
            raw,
            at: Date.now(),
            parsed: () => PostalMime.parse(raw),
          })
          done()
        }, delay)
      })
    },
  })
  server.on('error', () => {})
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve())
  })
  return {
    port: (server.server.address() as { port: number }).port,
    received,
    get manners() {
      return self.manners
    },
    set manners(changed) {
      self.manners = changed
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** A server that takes connections and says nothing, ever. */
export async function silentServer(): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
