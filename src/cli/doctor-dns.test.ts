/** What is looked up about the sender's domain, asked of a name server on loopback that speaks the real protocol. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import { type DnsQuestion, mailRecords } from './doctor-dns.ts'

/** RFC 1035: the header, the question as it came, and a TXT record for each text; names that are not in `zone` do not exist. */
function answered(query: Buffer, zone: Readonly<Record<string, readonly string[]>>): Buffer {
  const labels: string[] = []
  let at = 12
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  const question = query.subarray(12, at + 5)
  const texts = zone[labels.join('.').toLowerCase()]
  const header = Buffer.from(query.subarray(0, 12))
  header.writeUInt16BE(texts ? 0x8180 : 0x8183, 2)
  header.writeUInt16BE(texts?.length ?? 0, 6)
  header.writeUInt32BE(0, 8)
  const records = (texts ?? []).map((text) => {
    const data = Buffer.concat(
      (text.match(/.{1,255}/gs) ?? []).map((part) =>
        Buffer.from(`${String.fromCharCode(part.length)}${part}`, 'latin1'),
      ),
    )
    const fixed = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, data.length >> 8, data.length & 255])
    return Buffer.concat([fixed, data])
  })
  return Buffer.concat([header, question, ...records])
}

async function looked(zone: Readonly<Record<string, readonly string[]>>, asked: Partial<DnsQuestion> = {}) {
  const socket = createSocket('udp4')
  let questions = 0
  socket.on('message', (query, from) => {
    questions++
    socket.send(answered(query, zone), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const server = `127.0.0.1:${socket.address().port}`
  const found = await mailRecords({ domain: 'mail.shop.org', selector: 'k1', server, ...asked })
  socket.close()
  return {
    questions,
    of: Object.fromEntries(found.map(({ name, ok, said }) => [name, `${ok ? 'ok' : 'warn'}: ${said}`])),
  }
}

test('a domain that has everything is told so, its policy found on the domain above it', async () => {
  const { of } = await looked({
    'mail.shop.org': ['v=spf1 include:relay.net -all', 'something else'],
    'k1._domainkey.mail.shop.org': [`v=DKIM1; k=rsa; p=${'A'.repeat(392)}`],
    '_dmarc.shop.org': ['v=DMARC1; p=reject; rua=mailto:d@shop.org'],
    '_mta-sts.mail.shop.org': ['v=STSv1; id=20260101'],
    '_smtp._tls.mail.shop.org': ['v=TLSRPTv1; rua=mailto:t@shop.org'],
  })
  assert.deepEqual(of, {
    SPF: 'ok: v=spf1 include:relay.net -all',
    DKIM: 'ok: a key under the selector "k1"',
    DMARC: 'ok: v=DMARC1; p=reject; rua=mailto:d@shop.org',
    'MTA-STS': 'ok: v=STSv1; id=20260101',
    'TLS reports': 'ok: v=TLSRPTv1; rua=mailto:t@shop.org',
  })
})

test('a domain that has nothing is warned of each, and of no DKIM key where no selector was named', async () => {
  const { of } = await looked({}, { selector: null })
  assert.deepEqual(Object.keys(of), ['SPF', 'DMARC', 'MTA-STS', 'TLS reports'])
  for (const said of Object.values(of)) assert.match(said, /^warn: .* has no (\w+ )?record/)
})

test('what forbids nothing, is there twice or was taken back is warned of', async () => {
  const spf = async (...records: string[]) => (await looked({ 'mail.shop.org': records })).of.SPF!
  assert.match(await spf('v=spf1 +all'), /lets every host send/)
  assert.match(await spf('v=spf1 all'), /lets every host send/)
  assert.match(await spf('v=spf1 -all', 'v=spf1 mx -all'), /2 SPF records/)
  assert.match(await spf('v=spf1 mx ~all'), /^ok/)
  const dmarc = async (...records: string[]) => (await looked({ '_dmarc.mail.shop.org': records })).of.DMARC!
  assert.match(await dmarc('v=DMARC1; p=none'), /asks nobody to stop/)
  assert.match(await dmarc('v=DMARC1; rua=mailto:a@b.org; sp=reject'), /asks nobody to stop/)
  assert.match(await dmarc('v=DMARC1; p=reject', 'v=DMARC1; p=none'), /2 DMARC records/)
  const revoked = await looked({ 'k1._domainkey.mail.shop.org': ['v=DKIM1; p='] })
  assert.match(revoked.of.DKIM!, /taken back/)
})

test('a name server that does not answer is told of within seconds, and a name of no domain asks nobody', async () => {
  const dead = createSocket('udp4').bind(0, '127.0.0.1')
  await once(dead, 'listening')
  const found = await mailRecords({ domain: 'shop.org', selector: null, server: `127.0.0.1:${dead.address().port}` })
  dead.close()
  assert.equal(found.length, 4)
  for (const { ok, said } of found) assert.ok(!ok && /could not be asked for \(ETIMEOUT\)/.test(said), said)
  for (const domain of ['example.com', 'app.example.org', 'localhost', 'mail.test', 'host']) {
    assert.deepEqual(await looked({}, { domain }), { questions: 0, of: {} })
  }
})
