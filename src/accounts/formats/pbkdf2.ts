/**
 * PBKDF2 in PHC strings: `$pbkdf2-sha512$i=100000,l=64$salt$key`, as Auth0 takes them, and passlib's
 * `$pbkdf2-sha256$29000$salt$key`, whose base64 has a dot for the plus. Read only.
 * https://github.com/simonepri/phc-pbkdf2, https://passlib.readthedocs.io/en/stable/lib/passlib.hash.pbkdf2_digest.html
 */
import { broken, count, type Format } from './format.ts'
import { fromBase64 } from './text.ts'

const pattern = /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:(\d+)|i=(\d+)(?:,l=(\d+))?)\$([^$]+)\$([^$]+)$/

/** Without a digest's name it is passlib's with SHA-1. */
export const pbkdf2: Format = {
  name: 'PBKDF2',
  mark: /^\$pbkdf2[-$]/,
  read(stored) {
    const [, digest = 'sha1', plain, named, length, saltText, keyText] = pattern.exec(stored) ?? []
    const [salt, key] = [saltText, keyText].map((text) => fromBase64((text ?? '').replaceAll('.', '+')))
    const iterations = count(plain ?? named)
    if (!salt || !key || Number.isNaN(iterations) || (length !== undefined && count(length) !== key.length)) {
      return broken
    }
    const kind = digest as 'sha1' | 'sha256' | 'sha512'
    return { work: { kdf: 'pbkdf2', digest: kind, iterations, salt, length: key.length }, key }
  },
}
