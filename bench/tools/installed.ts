/** Packages that a measure needs and the project does not: installed from the npm registry for the occasion. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tell } from './report.ts'

/** The folder, below that of temporary files, in which `name@version` is installed; without install scripts. */
export function installed(peer: string): string {
  const folder = join(tmpdir(), `latchkey-peer-${peer.replace('@', '-')}`)
  if (existsSync(join(folder, 'node_modules', peer.split('@')[0]!))) return folder
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}')
  tell(`installing ${peer} in ${folder}`)
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--save-exact']
  execFileSync('npm', ['install', ...flags, peer], { cwd: folder, stdio: 'ignore', timeout: 300_000 })
  return folder
}
