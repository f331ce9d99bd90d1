/**
 * People have addresses in their own script, and programs that take only ASCII tell them that they do not exist, or mail
 * somebody else whose address comes out the same once the letters are folded. So a local part beyond ASCII goes over the
 * wire as the account has it, to a server that says it can take it (RFC 6531); to one that does not, nothing goes, the
 * operator has an event of it, and whoever asked is told what everybody is told.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { classic } from '../../src/flows/index.ts'
import { ask, askApi, eventsOf, openBench, person, stranger } from './kit.ts'

type Spoken = { readonly port: number; readonly said: string[]; close(): void }

/** A mail server of a few lines, which says what it can do and writes down what it is told. */
async function plainServer(extensions: readonly string[]): Promise<Spoken> {
  const said: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    let [rest, inData] = ['', false]
    socket.write('220 mail.example.net ESMTP\r\n')
    socket.on('data', (chunk) => {
      rest += chunk.toString('utf8')
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end)
        rest = rest.slice(end + 2)
        if (inData) {
          if (line !== '.') continue
          inData = false
          socket.write('250 2.0.0 taken\r\n')
          continue
        }
        said.push(line)
        const verb = line.slice(0, 4).toUpperCase()
        if (verb === 'EHLO')
          socket.write(['250-mail.example.net', ...extensions.map((one) => `250-${one}`), '250 HELP', ''].join('\r\n'))
        else if (verb === 'DATA') {
          inData = true
          socket.write('354 go on\r\n')
        } else if (/[^\x00-\x7f]/.test(line) && !extensions.includes('SMTPUTF8'))
          socket.write('553 5.6.7 ASCII only\r\n')
        else if (verb === 'QUIT') socket.end('221 2.0.0 bye\r\n')
        else socket.write('250 2.1.0 fine\r\n')
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    said,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

const stored = '用户@例え.テスト'
/** The same, as programs spell its domain. */
const inALabels = '用户@xn--r8jz45g.xn--zckzah'
const from = 'App <no-reply@example.com>'

test('a local part beyond ASCII goes over the wire as it is stored, to a server that takes it', async () => {
  const mail = await plainServer(['8BITMIME', 'SMTPUTF8'])
  const bench = await openBench('', { mail: { smtp: { host: '127.0.0.1', port: mail.port, tls: false }, from } })
  try {
    await person(bench, stored)
    for (const typed of [stored, inALabels, '用户@例え。テスト']) {
      const { status } = await askApi(stranger(bench), classic, typed)
      assert.equal(status, 200)
      await bench.worker.drain()
    }
    assert.deepEqual(
      mail.said.filter((line) => line.startsWith('RCPT')),
      Array(3).fill(`RCPT TO:<${stored}>`),
    )
    for (const line of mail.said.filter((one) => one.startsWith('MAIL'))) assert.match(line, / SMTPUTF8\b/)
    for (const other of ['用戶@例え.テスト', '用户 @例え.テスト', 'yonghu@例え.テスト']) {
      await askApi(stranger(bench), classic, other)
    }
    await bench.worker.drain()
    assert.equal(mail.said.filter((line) => line.startsWith('RCPT')).length, 3, 'and nobody else is found')
  } finally {
    await bench.close()
    mail.close()
  }
})

test('a server that does not take it gets nothing; the operator is told, and whoever asked is not', async () => {
  const mail = await plainServer(['8BITMIME'])
  const bench = await openBench('', { mail: { smtp: { host: '127.0.0.1', port: mail.port, tls: false }, from } })
  try {
    await person(bench, stored)
    await person(bench, 'ana@bücher.example')
    const answers = []
    for (const typed of [stored, 'ana@bücher.example', '没有人@例え.テスト']) {
      const page = await ask(stranger(bench), classic, typed)
      answers.push([page.status, page.location, page.text])
    }
    await bench.worker.drain()
    for (const answer of answers) assert.deepEqual(answer, answers[0])
    assert.equal(mail.said.filter((line) => line === 'DATA').length, 1, 'of two letters one is sent')
    assert.equal(
      mail.said.find((line) => line.startsWith('RCPT TO:<a')),
      'RCPT TO:<ana@xn--bcher-kva.example>',
    )
    bench.clock.turn({ days: 2 })
    await bench.worker.drain()
    const events = (await eventsOf(bench)).map(({ name }) => name)
    assert.equal(events.filter((name) => name === 'letter.sent').length, 1)
    assert.ok(
      events.some((name) => /^letter\.(?:refused|failed|expired|late)/.test(name)),
      events.join(' '),
    )
    assert.doesNotMatch(JSON.stringify(bench.log), /用户/, 'nor does the address stand in the log')
  } finally {
    await bench.close()
    mail.close()
  }
})
