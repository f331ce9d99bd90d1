/**
 * Most else here is tried on the sources. What people install is built of them: files in other places, with other
 * packages' code compiled in. A file that is not where it is looked for, or a package that only a clone has, is found by
 * whoever installs it first, unless it is found here.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from './kit.ts'
import { post, startServer } from './server-child.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const about = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const folder = temporaryFolder()
const installed = join(folder.path, 'node_modules/latchkey')
const program = join(installed, 'dist/cli/main.js')
const secret = 'a host that has installed us, and is over soon'
const named: string[] = Object.keys({ ...about.dependencies, ...about.peerDependencies })
after(() => folder.remove())

/** As npm installs it: its files, and beside it what it says that it needs. */
before(() => {
  for (const part of ['package.json', ...about.files])
    cpSync(join(root, part), join(installed, part), { recursive: true })
  for (const name of named) {
    const place = join(folder.path, 'node_modules', name)
    mkdirSync(dirname(place), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), place)
  }
})

/** What a host's script says last. */
function host(script: string): unknown {
  const file = join(folder.path, 'host.mjs')
  writeFileSync(file, script)
  const { stdout, stderr, status } = spawnSync(process.execPath, [file], { cwd: folder.path, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout.trim().split('\n').at(-1)!)
}

test('each of its names is found, with declarations that name nothing which is not installed', () => {
  const names = Object.keys(about.exports).map((path) => path.replace('.', about.name))
  const kinds = host(`
    const kinds = {}
    for (const name of ${JSON.stringify(names)}) kinds[name] = Object.keys(await import(name)).length
    console.log(JSON.stringify(kinds))`) as Record<string, number>
  assert.deepEqual(Object.keys(kinds), names)
  for (const [name, things] of Object.entries(kinds)) assert.ok(things > 0, `${name} gives nothing`)

  const seen = new Set<string>()
  const read = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    // Examples in comments are no imports.
    const text = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '')
    for (const [, target] of text.matchAll(/(?:from|import\()\s*['"]([^'"]+)['"]/g)) {
      if (target!.startsWith('.')) read(join(dirname(file), target!.replace(/(\.[jt]sx?)?$/, '.d.ts')))
      else assert.ok(/^(node:|react\b)/.test(target!), `${file} needs types of ${target}`)
    }
  }
  for (const { types } of Object.values<{ types: string }>(about.exports)) read(join(installed, types))
  assert.ok(seen.size > 40)
})

test('no file of it asks for a package that is not installed with it', () => {
  const files = globSync('dist/{*,cli/*,parts/*,server/*,stores/*,testing/*,react/*}.js', { cwd: installed })
  assert.ok(files.length > 50)
  for (const file of files) {
    const text = readFileSync(join(installed, file), 'utf8')
    for (const [, target] of text.matchAll(/^(?:import|export)\b[^'"\n]*?['"]([^'"]+)['"]|\bimport\(["']([^"']+)/gm)) {
      if (!target || target.startsWith('.') || target.startsWith('node:')) continue
      assert.ok(
        named.some((name) => target === name || target.startsWith(`${name}/`)),
        `${file} imports ${target}`,
      )
    }
  }
})

test('what is compiled in comes with its licences', () => {
  const licences = readFileSync(join(installed, 'dist/LICENSES.md'), 'utf8')
  for (const name of ['hono', '@hono/node-server', 'zod', 'intl-messageformat']) {
    assert.match(licences, new RegExp(`^## ${name} - ${about.devDependencies[name]} \\(`, 'm'))
  }
})

test('its program keeps what was compiled of it for the next start, and does without where it cannot', () => {
  const { NODE_COMPILE_CACHE: _, ...env } = process.env
  const cache = join(installed, 'node_modules/.cache/latchkey')
  const said = (): unknown[] => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [program, 'serve', '--help'], {
      env,
      encoding: 'utf8',
    })
    return [/^Usage: latchkey serve/m.test(stdout), stderr, status]
  }
  assert.deepEqual(said(), [true, '', 0])
  assert.ok(readdirSync(cache, { recursive: true }).length > 2)
  rmSync(cache, { recursive: true })
  writeFileSync(cache, 'no folder')
  assert.deepEqual(said(), [true, '', 0])
})

test('a host migrates, mounts it, asks, and knows its errors, whichever door they come through', () => {
  const environment = { ...process.env, SECRET_KEY: secret, DATABASE_URL: 'sqlite:app.db', DEBUG: 'true' }
  const migrated = spawnSync(process.execPath, [program, 'migrate'], { cwd: folder.path, env: environment })
  assert.equal(migrated.status, 0, String(migrated.stderr))
  const said = host(`
    import { Fault, latchkey } from 'latchkey'
    import { sqlite } from 'latchkey/sqlite'
    const options = { secret: '${secret}',
      publicUrl: 'http://localhost:3000', mail: { from: 'no-reply@example.com', inbox: true }, development: true }
    const recovery = latchkey({ ...options, store: sqlite('app.db') })
    await recovery.ready()
    const page = await recovery.fetch(new Request('http://localhost:3000/auth/password-reset/'))
    const { status } = await recovery.fetch(new Request('http://localhost:3000/api/flows/classic/request', {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: 'ana@example.org' }) }))
    const described = await recovery.fetch(new Request('http://localhost:3000/openapi.json'))
    await recovery.close()
    const error = await latchkey({ ...options, store: sqlite('missing/app.db') }).ready().catch((error) => error)
    console.log(JSON.stringify({ page: page.status, asked: status, described: (await described.json()).openapi,
      fault: error instanceof Fault }))`)
  assert.deepEqual(said, { page: 200, asked: 200, described: '3.1.0', fault: true })
})

test('its program reads a configuration that imports it', async () => {
  const own = join(folder.path, 'configured')
  mkdirSync(own)
  writeFileSync(
    join(own, 'latchkey.config.ts'),
    `import { flows } from 'latchkey'\nexport default { flows: [flows.classic] }`,
  )
  const server = await startServer(own, join(own, 'app.db'), 1, { program })
  const statusOf = async (path: string) => (await fetch(`http://127.0.0.1:${server.port}${path}`)).status
  assert.deepEqual([await statusOf('/auth/password-reset/'), await statusOf('/forgot-password/')], [200, 404])
  server.process.kill('SIGTERM')
  assert.deepEqual(await server.ended, { code: 0, signal: null }, server.output())
})

test('its program serves, in one process and in several', async () => {
  for (const flags of [[], ['--processes', '2']]) {
    const file = join(folder.path, `of-${flags.length}.db`)
    const server = await startServer(folder.path, file, 1, { flags, program })
    assert.equal(await post(server.port, '/auth/forgot-password/', { email: 'ana@example.org' }), 200)
    server.process.kill('SIGTERM')
    assert.deepEqual(await server.ended, { code: 0, signal: null }, server.output())
  }
})
