import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadFile } from './file.ts'

/** A folder that holds these files, gone after the test. */
async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-file-'))
  after(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

const reasons = async (json: unknown): Promise<string> => {
  const folder = await folderWith({ 'latchkey.config.json': JSON.stringify(json) })
  const { findings, options } = await loadFile(folder)
  if (findings.length > 0) assert.deepEqual(options, {})
  return findings.map(({ code, message }) => `${code} ${message}`).join('\n')
}

test('no file is no finding; a file that was named and is not there is one', async () => {
  const folder = await folderWith({})
  assert.deepEqual(await loadFile(folder), { path: null, options: {}, findings: [] })
  const missing = await loadFile(folder, 'mine.config.ts')
  assert.equal(missing.findings[0]?.code, 'L060')
  assert.match(missing.findings[0]!.message, /mine\.config\.ts/)
})

test('TypeScript, JavaScript and JSON are read, TypeScript first', async () => {
  const ts = `const publicUrl: string = 'https://ts.example.com'\nexport default { publicUrl, log: () => {} }`
  const js = `export default { publicUrl: 'https://js.example.com' }`
  const json = `{ "publicUrl": "https://json.example.com", "hashes": 2 }`
  const of = async (files: Record<string, string>) => (await loadFile(await folderWith(files))).options.publicUrl
  assert.equal(await of({ 'latchkey.config.ts': ts, 'latchkey.config.json': json }), 'https://ts.example.com')
  // Without a package.json beside it Node finds out by itself that it is a module.
  assert.equal(await of({ 'latchkey.config.mjs': js }), 'https://js.example.com')
  assert.equal(await of({ 'latchkey.config.json': json }), 'https://json.example.com')
})

test('a file that throws, has no default export or is no JSON is told of with the reason', async () => {
  const first = async (name: string, text: string) => (await loadFile(await folderWith({ [name]: text }))).findings[0]
  assert.match((await first('latchkey.config.mjs', 'throw new Error("no luck")'))!.message, /no luck/)
  assert.match((await first('latchkey.config.mjs', 'export const a = 1'))!.message, /default export/)
  assert.equal((await first('latchkey.config.json', '{'))!.code, 'L060')
})

test('options that are not known or not of their type are told of by name, without their value', async () => {
  assert.match(await reasons({ pubicUrl: 'x' }), /L061 .*Unrecognized key: "pubicUrl"/)
  assert.match(await reasons({ development: true }), /Unrecognized key: "development"/)
  assert.match(await reasons({ accounts: { table: 'users', id: 'id', email: 'email' } }), /accounts\.password/)
  assert.match(await reasons({ accounts: { ...table, admin: 'is_admin' } }), /accounts: Unrecognized key: "admin"/)
  assert.match(
    await reasons({ accounts: { ...table, hash: 'md5' } }),
    /accounts\.hash: expected a name of docs\/hashes\.md/,
  )
  assert.equal(await reasons({ accounts: { ...table, hash: { form: 'devise', pepper: 'x' } } }), '')
  assert.match(await reasons({ flows: [] }), /flows/)
  assert.match(await reasons({ limits: { asksPerNetwork: 20 } }), /limits/)
  assert.match(await reasons({ mail: { from: 'a@b.c' } }), /mail: name exactly one of/)
  assert.match(await reasons({ mail: { from: 'a@b.c', console: true, smtp: 'smtp://x' } }), /mail: name exactly one of/)
  assert.doesNotMatch(await reasons({ secret: { hunter2: 'hunter2' } }), /hunter2/)
  assert.match(await reasons(['x']), /L061/)
  assert.equal(
    await reasons({ accounts: table, limits: 'off', flows: ['code', { name: 'spa' }], store: 'sqlite:x' }),
    '',
  )
})

const table = { table: 'users', id: 'id', email: 'email', password: 'password_hash' }

test('accounts may be functions, which only code can hold', async () => {
  const of = async (accounts: string) =>
    loadFile(
      await folderWith({
        'latchkey.config.ts': `const f = async () => null\nexport default { accounts: ${accounts} }`,
      }),
    )
  const { options, findings } = await of(
    '{ byId: f, byAddress: async () => [], byName: f, setPassword: async () => "set", endSessions: f, timeout: 900 }',
  )
  assert.deepEqual(findings, [])
  assert.deepEqual(Object.keys(options.accounts ?? {}), [
    ...['byId', 'byAddress', 'byName', 'setPassword', 'endSessions', 'timeout'],
  ])
  const wrong = await of('{ byId: f, byAddress: "no", byName: f, setPassword: f, table: "users" }')
  const messages = wrong.findings.map(({ message }) => message).join('\n')
  for (const told of [/accounts\.byAddress: expected a function/, /accounts\.endSessions/, /accounts.*table/]) {
    assert.match(messages, told)
  }
  assert.match(await reasons({ accounts: { byId: 'SELECT' } }), /accounts\.byId: expected a function/)
  assert.match(await reasons({ accounts: { table: 'users', id: 'id', email: 'email' } }), /accounts\.password/)
})
