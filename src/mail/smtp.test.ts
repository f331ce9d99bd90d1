import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { after, test } from 'node:test'
import tls from 'node:tls'
import PostalMime from 'postal-mime'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { MailRefusal, MailServerGone } from '../engine/outcome.ts'
import type { Mail } from '../engine/ports.ts'
import type { SmtpOptions } from '../options.ts'
import { mailer } from './mailer.ts'
import { smtpOptions } from './smtp.ts'

/** Made for this test, for localhost, and trusted by nobody else. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLAQ07XxH8Kk4kmyZ
rBuCFN0MXMUf+0jCdWfa3Kx4p7ahRANCAATKq4Dh8ApOxOnZ4iYj59VTMbSmZiWy
WxWckY72tOEfCrIJTFqEdyEOLelgBlQnWhXbEsVoP//VDTKNjdOKctd5
-----END PRIVATE KEY-----`
const cert = `-----BEGIN CERTIFICATE-----
MIIBZjCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMqrgOHwCk7E6dni
JiPn1VMxtKZmJbJbFZyRjva04R8KsglMWoR3IQ4t6WAGVCdaFdsSxWg//9UNMo2N
04py13mjTjBMMA8GA1UdEwEB/wQFMAMBAf8wGgYDVR0RBBMwEYIJbG9jYWxob3N0
hwR/AAABMB0GA1UdDgQWBBQpzBoCBo5ImkQDWXyXpPRawDGf0zAKBggqhkjOPQQD
AgNHADBEAiB4EkmYgujJtenLeee4BRTIRySzZuxXd3hMo/XoDESjjAIgTsYW1Dud
91MtNu/CKfvht0Z4xZMGO/kY2ydaDaEZFlU=
-----END CERTIFICATE-----`

const now = Date.UTC(2026, 4, 1, 12)
const mail: Mail = {
  to: 'ana@example.org',
  subject: 'Reset Your Password',
  text: 'Grüße, https://app.example.com/reset/secret-token/',
  html: '<p>Grüße, <a href="https://app.example.com/reset/secret-token/">Reset</a></p>',
  messageId: 'letter-1@app.example.com',
  locale: 'de',
}
const never = new AbortController().signal

type Received = { from: string; to: string[]; raw: string; secure: boolean; user: string | undefined }

/** A real mail server on the loopback, and the letters that it took. */
async function post(options: SMTPServerOptions = {}) {
  const received: Received[] = []
  let connections = 0
  const server = new SMTPServer({
    key,
    cert,
    authOptional: true,
    logger: false,
    closeTimeout: 10,
    onConnect: (_session, done) => {
      connections += 1
      done()
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        received.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString(),
          secure: session.secure,
          user: session.user,
        })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const address = server.server.address()
  after(() => new Promise<void>((done) => server.close(done)))
  const port = address && typeof address === 'object' ? address.port : 0
  return { port, received, connections: () => connections }
}

/** A mailer for one test, closed after it. */
function sending(options: SmtpOptions | string, from = 'Latchkey <no-reply@example.com>') {
  const made = mailer({ smtp: options, from }, { now: () => now })
  after(() => made.close())
  return made
}

const refusing = (code: number, text: string): Error => Object.assign(new Error(text), { responseCode: code })

test('a letter arrives whole: text, HTML, headers, and one envelope recipient', async () => {
  const { port, received } = await post({ disabledCommands: ['STARTTLS'] })
  await sending({ host: '127.0.0.1', port, tls: false }).send(mail, never)
  assert.equal(received.length, 1)
  assert.deepEqual(received[0]!.to, ['ana@example.org'])
  assert.equal(received[0]!.from, 'no-reply@example.com')
  const letter = await PostalMime.parse(received[0]!.raw)
  assert.equal(letter.subject, 'Reset Your Password')
  assert.equal(letter.text?.trim(), mail.text)
  assert.equal(letter.html?.trim(), mail.html)
  assert.equal(letter.messageId, '<letter-1@app.example.com>')
  assert.equal(letter.date, '2026-05-01T12:00:00.000Z')
  assert.deepEqual(letter.from, { name: 'Latchkey', address: 'no-reply@example.com' })
  const header = (name: string) => letter.headers.find((header) => header.key === name)?.value
  assert.equal(header('auto-submitted'), 'auto-generated')
  assert.equal(header('x-auto-response-suppress'), 'All')
  assert.equal(header('content-language'), 'de')
})

test('a recipient that is not exactly one plain address is refused before any server hears of it', async () => {
  const { port, received, connections } = await post({ disabledCommands: ['STARTTLS'] })
  const mailing = sending({ host: '127.0.0.1', port, tls: false })
  const wrong = [
    'a@x.org, b@y.org',
    'b@x.org\r\nBcc: e@z.org',
    'grp: e@z.org;',
    '"a@x.org" <e@z.org>',
    '<e@z.org>',
    'a@x.org\0',
    'a b@x.org',
    'a@x.org (comment)',
    'a@b@x.org',
    'nobody',
    '',
    `${'a'.repeat(300)}@x.org`,
  ]
  for (const to of wrong) await assert.rejects(mailing.send({ ...mail, to }, never), MailRefusal)
  assert.equal(received.length, 0)
  assert.equal(connections(), 0)
})

test('line breaks in subject and sender name add no header', async () => {
  const { port, received } = await post({ disabledCommands: ['STARTTLS'] })
  const smtp = { host: '127.0.0.1', port, tls: false }
  await sending(smtp).send({ ...mail, subject: 'Hello\r\nBcc: eve@example.org\r\n\r\nBody' }, never)
  const letter = await PostalMime.parse(received[0]!.raw)
  assert.equal(letter.subject, 'Hello Bcc: eve@example.org Body')
  assert.equal(letter.bcc, undefined)
  assert.deepEqual(received[0]!.to, ['ana@example.org'])
  assert.throws(() => sending(smtp, 'App\r\nBcc: eve@example.org <no-reply@example.com>'), /from-address/)
  assert.throws(() => sending(smtp, 'a@example.org, b@example.org'), /from-address/)
})

test('a recipient refused for good is a MailRefusal; one refused for now is to be tried again', async () => {
  let code = 550
  const { port } = await post({
    disabledCommands: ['STARTTLS'],
    onRcptTo: (_address, _session, done) => done(refusing(code, `5.1.1 no such user, see ${mail.text}`)),
  })
  const mailing = sending({ host: '127.0.0.1', port, tls: false })
  await assert.rejects(mailing.send(mail, never), (error: Error) => {
    assert.ok(error instanceof MailRefusal)
    assert.match(error.message, /550 5\.1\.1/)
    assert.doesNotMatch(error.message, /secret-token|ana@/)
    return true
  })
  code = 451
  await assert.rejects(mailing.send(mail, never), (error: Error) => !(error instanceof MailRefusal))
})

test('a letter refused for its content is a MailRefusal whose reason quotes nothing of it', async () => {
  const { port } = await post({
    disabledCommands: ['STARTTLS'],
    onData(stream, _session, done) {
      stream.resume()
      stream.on('end', () => done(refusing(554, `spam: ${mail.text}`)))
    },
  })
  await assert.rejects(sending({ host: '127.0.0.1', port, tls: false }).send(mail, never), (error: Error) => {
    assert.ok(error instanceof MailRefusal)
    assert.equal(error.message, 'the mail server refused the letter: 554')
    return true
  })
})

test('a sender that the server does not like is for the operator to mend, not the end of the letter', async () => {
  const { port } = await post({
    disabledCommands: ['STARTTLS'],
    onMailFrom: (_address, _session, done) => done(refusing(553, 'sender not allowed')),
  })
  const sent = sending({ host: '127.0.0.1', port, tls: false }).send(mail, never)
  await assert.rejects(
    sent,
    (error: Error) => !(error instanceof MailRefusal) && /MAIL FROM with 553/.test(error.message),
  )
})

test('a server that never greets is given up after the time-out', async () => {
  const sockets: Socket[] = []
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  after(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  const { port } = silent.address() as { port: number }
  const start = performance.now()
  await assert.rejects(sending({ host: '127.0.0.1', port, timeout: 200 }).send(mail, never), (error: Error) => {
    return error instanceof MailServerGone && /no connection to the mail server/.test(error.message)
  })
  assert.ok(performance.now() - start < 3000)
})

test('a server that drips its answer is given up too, and the next letter gets a connection of its own', async () => {
  const sockets: Socket[] = []
  const timers: NodeJS.Timeout[] = []
  const dripping = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.write('220 here\r\n')
    timers.push(setInterval(() => socket.write('250-still thinking\r\n'), 20))
  }).listen(0, '127.0.0.1')
  await once(dripping, 'listening')
  after(() => {
    for (const timer of timers) clearInterval(timer)
    for (const socket of sockets) socket.destroy()
    dripping.close()
  })
  const { port } = dripping.address() as { port: number }
  const mailing = sending({ host: '127.0.0.1', port, tls: false, timeout: 500, pool: 1 })
  await assert.rejects(mailing.send(mail, never), /took too long/)
  await assert.rejects(mailing.send(mail, never), /took too long/)
  assert.equal(sockets.length, 2)
})

test('an aborted signal breaks a letter off at once', async () => {
  const { port } = await post({
    disabledCommands: ['STARTTLS'],
    onRcptTo: () => {},
  })
  const stop = new AbortController()
  const sent = sending({ host: '127.0.0.1', port, tls: false }).send(mail, stop.signal)
  setTimeout(() => stop.abort(), 100)
  await assert.rejects(sent, /broken off/)
  await assert.rejects(sending({ host: '127.0.0.1', port, tls: false }).send(mail, stop.signal), { name: 'AbortError' })
})

test('nobody listening is told with the reason', async () => {
  const sent = sending({ host: '127.0.0.1', port: 1, tls: false }).send(mail, never)
  await assert.rejects(sent, /no connection to the mail server: .*ECONNREFUSED/)
})

test('STARTTLS is required: a server that does not offer it gets no letter', async () => {
  const { port, received } = await post({ disabledCommands: ['STARTTLS'] })
  await assert.rejects(sending({ host: '127.0.0.1', port }).send(mail, never), /STARTTLS|could not be sent|answered/)
  assert.equal(received.length, 0)
})

test('a self-signed certificate is refused, with STARTTLS and with TLS from the first byte', async () => {
  const plain = await post()
  await assert.rejects(sending({ host: 'localhost', port: plain.port }).send(mail, never), /self-signed/)
  const secure = await post({ secure: true })
  await assert.rejects(sending({ host: 'localhost', port: secure.port, ssl: true }).send(mail, never), /self-signed/)
  assert.equal(plain.received.length + secure.received.length, 0)
})

test('with a trusted certificate letters go out under TLS, logged in where a user is set', async () => {
  const before = tls.getCACertificates('default')
  tls.setDefaultCACertificates([...before, cert])
  after(() => tls.setDefaultCACertificates(before))
  const onAuth: SMTPServerOptions['onAuth'] = ({ username, password }, _session, done) =>
    password === 'right' ? done(null, { user: username }) : done(refusing(535, 'no'))
  const plain = await post({ onAuth })
  await sending(`smtp://app:right@localhost:${plain.port}`).send(mail, never)
  assert.deepEqual([plain.received[0]!.secure, plain.received[0]!.user], [true, 'app'])
  const secure = await post({ secure: true, onAuth })
  await sending(`smtps://localhost:${secure.port}`).send(mail, never)
  assert.equal(secure.received[0]!.secure, true)
  const wrong = sending(`smtp://app:wrong@localhost:${plain.port}`)
  await assert.rejects(
    wrong.send(mail, never),
    (error: Error) => !(error instanceof MailRefusal) && /535/.test(error.message),
  )
  await assert.rejects(wrong.check(), /localhost: Invalid login/)
  await sending(`smtp://app:right@localhost:${plain.port}`).check()
})

test('connections are kept and no more than the pool holds', async () => {
  const { port, received, connections } = await post({ disabledCommands: ['STARTTLS'] })
  const mailing = sending({ host: '127.0.0.1', port, tls: false, pool: 2 })
  await Promise.all(Array.from({ length: 20 }, (_, i) => mailing.send({ ...mail, to: `a${i}@example.org` }, never)))
  assert.equal(received.length, 20)
  assert.equal(connections(), 2)
  assert.deepEqual(
    received.map(({ to }) => to.length),
    Array(20).fill(1),
  )
})

test('a mail server is read from a URL', () => {
  assert.deepEqual(smtpOptions('smtp://us%40er:p%3Aw@mail.example.com:2525?tls=false'), {
    host: 'mail.example.com',
    ssl: false,
    port: 2525,
    user: 'us@er',
    password: 'p:w',
    tls: false,
  })
  assert.deepEqual(smtpOptions('smtps://mail.example.com'), { host: 'mail.example.com', ssl: true })
  assert.deepEqual(smtpOptions('smtp+tls://[::1]:25'), { host: '::1', ssl: false, port: 25 })
  for (const wrong of [
    'mail.example.com',
    'https://u:hunter2@x',
    'smtp://',
    'smtp://u:hunter2@x?tsl=0',
    'smtp://x?tls=2',
  ]) {
    assert.throws(
      () => smtpOptions(wrong),
      (error: Error) => !error.message.includes('hunter2'),
    )
  }
})
