/**
 * The tables of Laravel on MySQL, as its migrations make them there; PHP's own `password_verify`, which `Hash::check` calls,
 * says who gets in.
 */
// Debian packages: mariadb-server php-cli
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fresh, opened, reset, written } from '../kit.ts'
import { onMysql } from './kit.ts'

const before = 'Old-Kettle-17!'

function php(code: string, ...values: string[]): string {
  const { stdout, stderr, status } = spawnSync('php', ['-r', code, ...values], { encoding: 'utf8', timeout: 60_000 })
  assert.equal(status, 0, stderr)
  return stdout
}
const made = (password: string): string =>
  php('echo password_hash($argv[1], PASSWORD_BCRYPT, ["cost" => 10]);', password)
const opens = (password: string, hash: unknown): boolean =>
  php('echo password_verify($argv[1], $argv[2]) ? "yes" : "no";', password, String(hash)) === 'yes'

onMysql(
  'Laravel on MySQL lets in who was reset, and its sessions in the database end with the change',
  async (place) => {
    await place.run(`
    CREATE TABLE migrations (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, migration VARCHAR(255) NOT NULL, batch INT NOT NULL);
    CREATE TABLE users (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255) NOT NULL, email VARCHAR(255) NOT NULL,
      email_verified_at TIMESTAMP NULL, password VARCHAR(255) NOT NULL, remember_token VARCHAR(100) NULL,
      created_at TIMESTAMP NULL, updated_at TIMESTAMP NULL, UNIQUE users_email_unique (email));
    CREATE TABLE sessions (id VARCHAR(255) PRIMARY KEY, user_id BIGINT UNSIGNED NULL, ip_address VARCHAR(45) NULL,
      user_agent TEXT NULL, payload LONGTEXT NOT NULL, last_activity INT NOT NULL, INDEX (user_id), INDEX (last_activity));
    INSERT INTO users (name, email, email_verified_at, password, created_at) VALUES
      ('Ana', 'Ana@example.org', '2025-01-02 03:04:05', '${made(before)}', NULL),
      ('Bea', 'bea@example.org', NULL, '${made(before)}', NULL);
    INSERT INTO sessions VALUES ('a', 1, NULL, NULL, '', 0), ('b', 2, NULL, NULL, '', 0), ('c', NULL, NULL, NULL, '', 0)`)
    const { code, out, error } = await place.adopt()
    assert.equal(code, 0, error)
    assert.match(out, /Found "users" \(Laravel\): 2 accounts/)
    assert.match(out, /by the index "users_email_unique"/)
    const accounts = await written(place)
    assert.deepEqual([accounts.hash, accounts.sessions], ['laravel', { table: 'sessions', account: 'user_id' }])
    const recovery = await opened(place, accounts)
    assert.equal(await reset(recovery, 'ANA@example.org'), 'Ana@example.org')
    await recovery.close()
    const [ana, bea] = (await place.rows('SELECT password FROM users ORDER BY id')).map(({ password }) => password)
    assert.deepEqual([opens(fresh, ana), opens(before, ana), opens(before, bea)], [true, false, true])
    assert.deepEqual(
      (await place.rows('SELECT id FROM sessions ORDER BY id')).map(({ id }) => id),
      ['b', 'c'],
    )
  },
  'utf8mb4_unicode_ci',
)
