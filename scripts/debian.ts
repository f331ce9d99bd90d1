/**
 * What live tests need of Debian. A test file names its packages in a line of its own, which is looked for here:
 *
 *     // Debian packages: mariadb-server php-cli
 *
 * As root they are installed by apt-get where they are missing; else the run fails and says which.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Packages that these test files name. */
export const packagesOf = (files: readonly string[]): string[] => {
  const named = files.flatMap((file) => readFileSync(file, 'utf8').match(/^\/\/ Debian packages: .*$/gm) ?? [])
  return [
    ...new Set(
      named.flatMap((line) =>
        line
          .replace(/^.*?: /, '')
          .trim()
          .split(/\s+/),
      ),
    ),
  ].sort()
}

/** Installs what is missing; answers why it cannot, or null. */
export function install(packages: readonly string[], say: (line: string) => void): string | null {
  const missing = packages.filter((name) => !isInstalled(name))
  if (missing.length === 0) return null
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`
  if (process.getuid?.() !== 0) return `Missing: ${missing.join(', ')}. Run as root: ${command}`
  say(`Installing ${missing.join(', ')} …`)
  // No server of theirs is started: the tests start their own, elsewhere and as another user.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const options = ['-qq', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::http::Timeout=60']
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...missing]]) {
    const { status, stderr, error } = spawnSync('apt-get', [...options, ...args], { env, encoding: 'utf8' })
    if (status !== 0) return `apt-get ${args.join(' ')}: ${error?.message ?? stderr.trim()}`
  }
  return null
}

const isInstalled = (name: string): boolean =>
  /^Status: .* installed$/m.test(spawnSync('dpkg', ['-s', name], { encoding: 'utf8' }).stdout ?? '')
