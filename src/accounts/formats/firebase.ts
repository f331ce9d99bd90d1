/**
 * Firebase's scrypt in the string that Supabase imports it by: `$fbscrypt$v=1,n=14,r=8,p=1,ss=…,sk=…$salt$key`. What scrypt
 * gives is the key under which the project's signer key is enciphered; that is what is kept. Read only.
 * https://github.com/firebase/scrypt, https://github.com/supabase/auth/blob/master/internal/crypto/password.go
 */
import { createCipheriv } from 'node:crypto'
import { broken, count, type Format } from './format.ts'
import { fromBase64 } from './text.ts'

const pattern = /^\$fbscrypt\$v=1,n=(\d\d?),r=(\d\d?),p=(\d\d?)(?:,ss=([^,$]+))?,sk=([^,$]+)\$([^$]+)\$([^$]+)$/

/** `n` is the logarithm of N; `ss` is put behind the salt. */
export const firebase: Format = {
  name: 'Firebase scrypt',
  mark: /^\$fbscrypt\$/,
  read(stored) {
    const [, n, r, p, separatorText, signerText, saltText, keyText] = pattern.exec(stored) ?? []
    const separator = separatorText ? fromBase64(separatorText) : new Uint8Array()
    const [signer, salt, key] = [signerText, saltText, keyText].map((text) => fromBase64(text ?? ''))
    if (!signer || !separator || !salt || !key || key.length !== signer.length) return broken
    const salted = Buffer.concat([salt, separator])
    const cost = { n: 2 ** count(n), r: count(r), p: count(p) }
    return {
      work: { kdf: 'scrypt', ...cost, salt: salted, length: 32 },
      key,
      finish: (derived) => sealed(signer, derived),
    }
  },
}

function sealed(signer: Uint8Array, key: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  return Buffer.concat([cipher.update(signer), cipher.final()])
}
