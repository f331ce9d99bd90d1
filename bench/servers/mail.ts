/** A mail server on loopback that takes so many milliseconds for each letter and keeps nothing but a count. */
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

export type Settings = { readonly folder: string; readonly delay: number }

const { delay }: Settings = JSON.parse(process.argv[2]!)
let taken = 0
const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS', 'AUTH'],
  disableReverseLookup: true,
  closeTimeout: 100,
  onData(stream, _session, done) {
    stream.resume()
    stream.on('end', () =>
      setTimeout(() => {
        taken++
        done()
      }, delay),
    )
  },
})
server.on('error', () => {})
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.server.address() as AddressInfo).port }))
process.on('message', (question: string) => {
  if (question === 'stop') return process.exit()
  process.send!(taken)
})
process.on('disconnect', () => process.exit())
