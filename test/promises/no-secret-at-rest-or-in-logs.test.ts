/**
 * Databases are copied: to backups, to laptops, by an injection somewhere else, by an administrator of the lowest rank.
 * Logs are read by more people still. n8n and Laravel kept reset tokens in clear, so that a copy was a key to every
 * account (n8n-io/n8n#6573, laravel#16850); Strapi let readers of a list filter by the hidden column until they knew the
 * token (CVE-2023-22894); Kratos printed codes in its log (ory/kratos#3126). So everything secret of every flow is
 * collected as it passes by, and looked for in the bytes of the file and its journal, in the log and in the events, in
 * every form a reader might turn back; and everything that does stand there is tried as if it were a secret.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { issue } from '../../src/engine/issue.ts'
import { type Keyring, keyring, type Purpose } from '../../src/engine/keys.ts'
import type { Kit, Mail } from '../../src/engine/ports.ts'
import { prove } from '../../src/engine/prove.ts'
import { request } from '../../src/engine/request.ts'
import { classic, code, spa, stateless } from '../../src/flows/index.ts'
import { codeIn, seededRandom, type TestBrowser, testBrowser } from '../../src/testing/index.ts'
import {
  after,
  allFlows,
  arrive,
  ask,
  askApi,
  type Bench,
  before,
  eventsOf,
  freshAddress,
  letterFor,
  linkBody,
  linkFlows,
  onAllStores,
  onSqlite,
  openBench,
  origin,
  person,
  reset,
  rowsIn,
  sql,
  stranger,
  submit,
} from './kit.ts'
import { mailServer } from './mail-server.ts'

/** Every secret that passed by, under a name for it. */
type Secrets = Map<string, string>

/** A browser whose answers are searched for what only it should hold. */
function watched(bench: Bench, secrets: Secrets): TestBrowser {
  const address = freshAddress()
  const fetch: Bench['fetch'] = async (request, peer) => {
    const response = await bench.fetch(request, peer)
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';')[0]!.split(/=(.*)/s)
      if (value.length > 8) secrets.set(value, `cookie ${name}`)
    }
    const text = await response.clone().text()
    for (const [, name, value] of text.matchAll(
      /"(flow_id|grant)":"([^"]{8,})"|name="(csrf_token)" value="([^"]+)"/g,
    )) {
      if (name && value) secrets.set(value, name)
    }
    for (const [, value] of text.matchAll(/name="csrf_token" value="([^"]+)"/g)) secrets.set(value!, 'csrf_token')
    return response
  }
  return testBrowser({ fetch }, origin, { address })
}

/** Every form in which a reader could find a secret again. */
function formsOf(secret: string): Buffer[] {
  const bytes = Buffer.from(secret)
  const raw = /^[\w-]{16,}$/.test(secret) ? [Buffer.from(secret, 'base64url')] : []
  // A MAC is worth as much as the token that it ends.
  const parts = secret.split('.').filter((part) => part.length >= 40)
  const tails = secret.length === 65 ? [secret.slice(22)] : []
  const texts = [secret, ...parts, ...tails]
  return [
    ...texts.map((text) => Buffer.from(text)),
    ...raw.filter((one) => one.length >= 12),
    ...[bytes, ...raw].flatMap((one) => [
      Buffer.from(one.toString('hex')),
      Buffer.from(one.toString('hex').toUpperCase()),
    ]),
    ...[0, 1, 2].flatMap((offset) => inBase64(bytes, offset)),
    Buffer.from(bytes.toString('utf16le').length > 0 ? secret : '', 'utf16le'),
    Buffer.from([...secret].reverse().join('')),
  ].filter((one) => one.length >= 6)
}

/** What stands in a base64 text when the bytes stand at this offset of what was encoded. */
function inBase64(bytes: Buffer, offset: number): Buffer[] {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  const certain = encoded.slice(offset === 0 ? 0 : 4, -4)
  return certain.length < 8
    ? []
    : [certain, certain.replaceAll('+', '-').replaceAll('/', '_')].map((one) => Buffer.from(one))
}

/** Digests without a key: of six digits they hide nothing. */
const digestsOf = (secret: string): Buffer[] =>
  ['md5', 'sha1', 'sha256', 'sha512'].flatMap((name) => {
    const digest = createHash(name).update(secret).digest()
    return [digest, ...['hex', 'base64', 'base64url'].map((form) => Buffer.from(digest.toString(form as 'hex')))]
  })

function assertAbsent(secrets: Secrets, places: Record<string, Buffer>): void {
  for (const [place, bytes] of Object.entries(places)) {
    for (const [secret, name] of secrets) {
      if (name === 'code') assertCodeAbsent(secret, place, bytes)
      else for (const form of formsOf(secret)) assert.equal(bytes.indexOf(form), -1, `${name} stands in ${place}`)
      if (name === 'code' || name === 'password') {
        for (const digest of digestsOf(secret))
          assert.equal(bytes.indexOf(digest), -1, `a digest of a ${name} in ${place}`)
      }
    }
  }
}

/** Six digits stand in many a number by chance; a code would stand by itself. */
function assertCodeAbsent(digits: string, place: string, bytes: Buffer): void {
  const found = new RegExp(`(?<![0-9])${digits}(?![0-9])`).exec(bytes.toString('latin1'))
  assert.equal(found, null, `a code stands in ${place}`)
}

/** The file and its journal, as a copy made now would hold them. */
function bytesOf(bench: Bench): Buffer {
  const files = [bench.file, `${bench.file}-wal`].filter((file) => existsSync(file))
  return Buffer.concat(files.map((file) => readFileSync(file)))
}

/** Pages that are in no copy yet: most of a file stays as it is from one copy to the next. */
function keepPages(pages: Set<string>, bench: Bench): void {
  for (const [suffix, start, step] of [
    ['', 0, 4096],
    // 32 bytes of header, then frames: 24 bytes and a page each (https://www.sqlite.org/fileformat.html, 4.1).
    ['-wal', 32, 4120],
  ] as const) {
    if (!existsSync(bench.file + suffix)) continue
    const bytes = readFileSync(bench.file + suffix)
    for (let at = start; at < bytes.length; at += step) {
      pages.add(bytes.toString('latin1', at + step - 4096, at + step))
    }
  }
}

const collectLetter = (secrets: Secrets, mail: Mail): void => {
  const typed = codeIn(mail)
  if (typed) secrets.set(typed, 'code')
  for (const [token] of mail.text.matchAll(/[\w-]{40,}/g)) secrets.set(token, 'token')
}

onSqlite('nothing secret of any flow stands in the file, its journal, the log or the events', async (open) => {
  const bench = await open()
  const secrets: Secrets = new Map()
  const pages = new Set<string>()
  const passwords = [before, after, 'Wrong-Guess-55!', 'Second-Lake-91?', 'typed-in-the-wrong-field-1']
  for (const password of passwords) secrets.set(password, 'password')
  const mailed = async () => {
    keepPages(pages, bench)
    const had = bench.letters.length
    await bench.mail()
    for (const mail of bench.letters.slice(0, bench.letters.length - had)) collectLetter(secrets, mail)
    keepPages(pages, bench)
    return bench.letters[0]!
  }
  for (const [index, flow] of allFlows.entries()) {
    const email = `reader.${index}@example.org`
    await person(bench, email, { username: `reader-${index}` })
    const browser = watched(bench, secrets)
    await submit(browser, '/login/', { username: email, password: 'Wrong-Guess-55!' })
    await submit(browser, '/login/', { username: 'typed-in-the-wrong-field-1', password: email })
    await submit(browser, '/login/', { username: email, password: before })
    await submit(browser, '/account/', {}, '/logout/')
    await ask(browser, flow, email)
    const mail = await mailed()
    if (flow.face === 'pages') {
      const path = await arrive(browser, flow, mail)
      await submit(browser, path, { [flow.fields.password]: after, [flow.fields.confirm]: 'Second-Lake-91?' })
      keepPages(pages, bench)
      await submit(browser, path, { [flow.fields.password]: after, [flow.fields.confirm]: after })
    } else {
      await browser.json(flow.routes.change, { token: linkBody(flow, mail).token, new_password: 'short' })
      await reset(browser, flow, mail, after)
    }
    await mailed()

    bench.clock.turn({ minutes: 20 })
    const program = watched(bench, secrets)
    const { body } = await askApi(program, flow, email)
    const again = await mailed()
    const proof =
      flow.proof.kind === 'code' ? { flow_id: body.flow_id, email, code: codeIn(again) } : linkBody(flow, again)
    if (flow.proof.kind === 'code') {
      const wrong = String((Number(codeIn(again)) + 1) % 1_000_000).padStart(6, '0')
      secrets.set(wrong, 'code')
      await program.json(`/api/flows/${flow.name}/prove`, { ...proof, code: wrong })
    }
    const proved = await program.json(`/api/flows/${flow.name}/prove`, proof)
    assert.equal(proved.status, 200)
    await program.json(`/api/flows/${flow.name}/change`, { grant: proved.body.grant, password: 'Second-Lake-91?' })
    await program.json(`/api/flows/${flow.name}/change`, { grant: proved.body.grant, password: after })
    await mailed()
    bench.clock.turn({ minutes: 20 })
  }
  // Asks whose letters nobody ever uses, and paths that are wrong.
  const last = [...secrets].filter(([, name]) => name === 'token').at(-1)![0]
  for (const path of [
    `/auth/password-reset-confirm/MQ/${last}/`,
    `/nowhere/${last}`,
    `/reset-password/?token=${last}`,
  ]) {
    await stranger(bench).get(path)
    const request = new Request(origin + path, { method: 'DELETE', headers: { host: 'app.example.com' } })
    await bench.fetch(request, { remoteAddress: freshAddress() })
  }
  const kinds = [...new Set([...secrets.values()].map((name) => name.replace(/_(grant|device)_.*/, '_$1')))]
  for (const kind of ['token', 'code', 'grant', 'flow_id', 'csrf_token', 'cookie __Host-lk_session']) {
    assert.ok(kinds.includes(kind), `a ${kind} was met`)
  }
  assert.ok(secrets.size > 50, `${secrets.size} secrets`)

  const events = Buffer.from(JSON.stringify(await eventsOf(bench)))
  await bench.store.close()
  // With no database behind it everything fails, and says so in the log.
  for (const flow of linkFlows) {
    if (flow.face !== 'pages') continue
    const page = await stranger(bench).look(
      `${flow.routes.link[0].replace(':uid', 'MQ').replace(':token', last)}?token=${last}`,
    )
    assert.equal(page.status, 503)
  }
  assert.ok(bench.log.some((entry) => entry.level === 'error'))
  const database = Buffer.from([...pages].join(''), 'latin1')
  assert.ok(database.includes('reader.0@example.org'), 'what is no secret is found')
  assertAbsent(secrets, {
    'the database': database,
    'the file as it was left': bytesOf(bench),
    'the events': events,
    'the log': Buffer.from(bench.log.map((entry) => JSON.stringify(entry)).join('\n')),
  })
})

onSqlite('who has a copy of the database can use nothing of it', async (open) => {
  const bench = await open()
  const held: { flow: (typeof allFlows)[number]; mail: Mail; id: string }[] = []
  for (const [index, flow] of allFlows.entries()) {
    const email = `reader.${index}@example.org`
    const id = await person(bench, email)
    const browser = stranger(bench)
    await submit(browser, '/login/', { username: email, password: before })
    const { body } = await askApi(stranger(bench), flow, email)
    const mail = (await bench.mail())!
    held.push({ flow, mail, id })
    if (flow.proof.kind !== 'code') {
      await stranger(bench).json(`/api/flows/${flow.name}/prove`, linkBody(flow, mail))
      continue
    }
    const typed = { flow_id: body.flow_id, email, code: codeIn(mail) }
    assert.equal((await stranger(bench).json('/api/flows/code/prove', typed)).status, 200)
    await askApi(stranger(bench), flow, email)
    await bench.mail()
  }
  const users = rowsIn(bench).users
  const values = new Set(
    Object.values(rowsIn(bench)).flatMap((rows) =>
      rows.flatMap((row) => Object.values(row).flatMap((value) => (typeof value === 'string' ? [value] : []))),
    ),
  )
  const ids = rowsIn(bench).latchkey_challenges!.map((row) => String(row.id))
  const macs = [...values].filter((value) => value.length === 43)
  const tokens = [...values, ...ids.flatMap((id) => macs.map((mac) => id + mac))].filter((value) => value.length <= 300)
  assert.ok(tokens.length > 60)
  const thief = stranger(bench)
  const opens = async (token: string): Promise<void> => {
    const path = encodeURIComponent(token)
    const statuses = allFlows.flatMap((flow, index) => {
      const { mail, id } = held[index]!
      const uid = Buffer.from(id).toString('base64url')
      const body = flow.proof.kind === 'signed' ? { token, uid } : { token }
      const api = (verb: string, sent: object) => thief.json(`/api/flows/${flow.name}/${verb}`, sent)
      const typed = { flow_id: token.slice(0, 64), email: 'reader.1@example.org', code: codeIn(mail) }
      return [
        api('prove', flow.proof.kind === 'code' ? typed : body),
        api('change', { ...body, password: after }),
        api('change', { grant: token, password: after }),
        ...(flow.face === 'pages' ? [thief.look(filled(flow.routes.link[0], uid, path, flow.proof.carry))] : []),
      ]
    })
    for (const { status } of await Promise.all(statuses)) assert.ok(status >= 400, `${token} opens something`)
    const signedIn = await stranger(bench).look('/account/', { cookie: `__Host-lk_session=${path}` })
    assert.equal(signedIn.status, 303, `${token} is a session`)
    const grant = await stranger(bench).look(`${classic.routes.set}?c=x`, { cookie: `__Host-lk_grant_x=${path}` })
    assert.equal(grant.status, 410, `${token} is a grant`)
  }
  // Many at once: each notes a refusal, and those share a commit.
  for (let at = 0; at < tokens.length; at += 40) await Promise.all(tokens.slice(at, at + 40).map(opens))
  assert.deepEqual(rowsIn(bench).users, users)
})

const filled = (path: string, uid: string, token: string, carry: string): string =>
  carry === 'query' ? `${path}?token=${token}` : path.replace(':uid', uid).replace(':token', token)

onSqlite('the file is for its owner alone', async (open) => {
  const bench = await open()
  await person(bench, 'ana@example.org')
  for (const suffix of ['', '-wal', '-shm']) {
    assert.equal(statSync(bench.file + suffix).mode & 0o077, 0, `app.db${suffix}`)
  }
})

onSqlite('under another secret the same database opens nothing; under it as a fallback everything', async (open) => {
  const bench = await open()
  const id = await person(bench, 'ana@example.org')
  const link = linkBody(spa, await letterFor(bench, spa, 'ana@example.org'))
  const signed = linkBody(stateless, await letterFor(bench, stateless, 'ana@example.org'))
  const { body } = await askApi(stranger(bench), code, 'ana@example.org')
  const typed = { flow_id: body.flow_id, email: 'ana@example.org', code: codeIn((await bench.mail())!) }
  const opens = async (other: Bench) => [
    (await stranger(other).json('/api/flows/spa/prove', link)).status,
    (await stranger(other).json('/api/flows/stateless/prove', signed)).status,
    (await stranger(other).json('/api/flows/code/prove', typed)).status,
  ]
  const secret = 'another secret, as good as the first one, of 64 letters or so'
  const thief = await openBench(bench.file, { secret, clock: bench.clock })
  const heir = await openBench(bench.file, {
    secret,
    secretFallbacks: ['a secret of a test, of which nothing outside hangs'],
    clock: bench.clock,
  })
  try {
    assert.deepEqual(await opens(thief), [410, 410, 400])
    assert.deepEqual(await opens(heir), [200, 200, 200])
    assert.ok((await bench.accounts.byId(id))!.passwordHash)
  } finally {
    await thief.close()
    await heir.close()
  }
})

/**
 * Six digits are a million guesses, and a computer makes those in a second. They can be confirmed only if something in
 * the database is a function of the code. Nothing is: with other keys for proofs and all else alike, every row is the
 * same to the last byte, while codes, links and grants are others.
 */
onSqlite('no column is a function of a code or a token: the rows are the same whatever they are', async (open) => {
  const passwordHash =
    '$argon2id$v=19$m=19456,t=2,p=1$g4fDCy5QTcu8wWyUQZoJiw$gjq91W1tcNNOTUvLeaTKuKwnKN6E6QEUunaUs8GjadM'
  const proofs: readonly Purpose[] = ['link', 'signed', 'code', 'grant']
  const run = async (secretOfProofs: string) => {
    const bench = await open({ random: seededRandom(41) })
    await bench.accounts.add(
      [{ email: 'ana@example.org', username: null, passwordHash, verified: true, active: true }],
      1,
    )
    const [base, other] = [bench.kit.keys.current, keyring(secretOfProofs).current]
    const current = { id: base.id, of: (purpose: Purpose) => (proofs.includes(purpose) ? other : base).of(purpose) }
    const find = (id: string) => (id === current.id ? current : null)
    const keys: Keyring = { current, all: [current], lasting: bench.kit.keys.lasting, find }
    const kit: Kit = { ...bench.kit, keys, random: seededRandom(42) }
    const caller = { network: '', block: '', agent: '', browser: null, devices: [], locale: 'en', requestId: 'r' }
    const secrets: string[] = []
    for (const flow of allFlows) {
      const asked = await request(kit, flow, { address: 'ana@example.org', caller, previous: null, resend: false })
      const [leased] = await bench.store.lease(1, bench.clock.now(), bench.clock.now() + 1000, 'lease')
      const issued = await issue(kit, flow, leased!.letter)
      assert.equal(issued.kind, 'send')
      if (issued.kind !== 'send' || !issued.proof || !asked.ok) continue
      secrets.push(issued.proof.secret)
      await bench.store.settle(leased!.letter.id, 'lease', bench.clock.now(), { kind: 'sent' }, issued.event)
      if (issued.proof.kind !== 'code') continue
      const typed = { flowId: asked.flowId, address: 'ana@example.org', caller }
      const wrong = await prove(kit, flow, {
        ...typed,
        code: issued.proof.secret.replace(/\d$/, (last) => String((Number(last) + 1) % 10)),
      })
      assert.equal(wrong.ok, false)
      const right = await prove(kit, flow, { ...typed, code: issued.proof.secret })
      assert.equal(right.ok, true)
      if (right.ok) secrets.push(...right.accounts.map(({ grant }) => grant))
    }
    const { latchkey_migrations: _, ...rows } = rowsIn(bench)
    return { rows, secrets }
  }
  const one = await run('the first secret for proofs, which is long enough')
  const other = await run('the other secret for proofs, which is long enough')
  assert.equal(one.secrets.length, 6)
  for (const [index, secret] of one.secrets.entries()) assert.notEqual(secret, other.secrets[index])
  assert.ok(Object.values(one.rows).flat().length > 15)
  assert.deepEqual(one.rows, other.rows)
})

// Addresses of people who have no account

onSqlite(
  'the address of somebody unknown stands nowhere in clear, before its letter is dropped or after',
  async (open) => {
    const bench = await open()
    await person(bench, 'ana@example.org')
    const secrets: Secrets = new Map([
      ['nobody.at.all@unheard-of.example', 'address'],
      ['nobody.at.all', 'local part'],
      ['unheard-of', 'domain'],
      ['Nobody.At.All@Unheard-Of.example', 'address as typed'],
    ])
    const typed = 'Nobody.At.All@Unheard-Of.example'
    for (const flow of allFlows) {
      await ask(stranger(bench), flow, typed)
      await askApi(stranger(bench), flow, typed)
    }
    const { body } = await askApi(stranger(bench), code, typed)
    await stranger(bench).json('/api/flows/code/prove', { flow_id: body.flow_id, email: typed, code: '123456' })
    for (let tries = 0; tries < 11; tries++)
      await submit(stranger(bench), '/login/', { username: typed, password: after })
    const queued = bytesOf(bench)
    await bench.worker.drain()
    assert.equal(bench.letters.length, 0)
    assertAbsent(secrets, {
      'the database before the turn of its letter': queued,
      'the database after it': bytesOf(bench),
      'the events': Buffer.from(JSON.stringify(await eventsOf(bench))),
      'the log': Buffer.from(JSON.stringify(bench.log)),
    })
  },
)

// Mail servers that talk

onSqlite(
  'a mail server that quotes the letter in its refusal puts no secret into the log or the outbox',
  async (open) => {
    const quoting = (raw: string): string => raw.replaceAll(/=\r\n/g, '').replaceAll('=3D', '=').replaceAll(/\s+/g, ' ')
    const server = await mailServer({
      letter: (raw) => ({ code: 451, text: `Not now: ${quoting(raw).slice(0, 3000)}` }),
    })
    try {
      const smtp = { host: '127.0.0.1', port: server.port, tls: false }
      const bench = await open({ mail: { smtp, from: 'no-reply@example.com' } })
      for (const answer of [451, 554]) {
        server.manners = { letter: (raw) => ({ code: answer, text: `No: ${quoting(raw).slice(0, 3000)}` }) }
        await assertHushed(bench, answer)
      }
    } finally {
      await server.close()
    }
  },
)

onAllStores("nor does a mail function of the host's own that throws the letter about", async (open) => {
  const bench = await open({
    mail: {
      from: 'no-reply@example.com',
      send: async (mail) => {
        throw new Error(
          `Could not send ${mail.subject} to ${mail.to}: ${mail.text.replaceAll(/\s+/g, ' ').slice(-900)}`,
        )
      },
    },
  })
  await assertHushed(bench, 0)
})

/** Asks in every flow while no letter leaves, and looks for what those letters would have held. */
async function assertHushed(bench: Bench, round: number): Promise<void> {
  const secrets: Secrets = new Map()
  for (const [index, flow] of allFlows.entries()) {
    const email = `reader.${index}.${round}@example.org`
    const id = await person(bench, email)
    await ask(stranger(bench), flow, email)
    const at = bench.clock.now()
    const [leased] = await bench.store.lease(1, at, at, 'ours')
    const issued = await issue(bench.kit, flow, leased!.letter)
    if (issued.kind === 'send' && issued.proof) {
      const { kind, secret } = issued.proof
      if (kind === 'code') secrets.set(secret, 'code')
      for (const [token] of secret.matchAll(/[\w-]{40,}/g)) secrets.set(token, 'token')
    }
    await bench.worker.drain()
    assert.ok(id)
  }
  assert.equal(secrets.size, 5)
  assert.ok(bench.log.length >= 5, 'each failure is in the log')
  assertAbsent(secrets, {
    'the log': Buffer.from(JSON.stringify(bench.log)),
    'the events': Buffer.from(JSON.stringify(await eventsOf(bench))),
    ...(bench.file === '' ? {} : { 'the database': bytesOf(bench) }),
  })
  if (bench.file !== '') sql(bench, `UPDATE latchkey_letters SET state = 'dropped'`)
}
