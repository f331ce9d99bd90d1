/**
 * ASP.NET Identity: Base64 of a byte that says which version, then its parts. Version 3 (1) holds function, iterations,
 * salt and key; version 2 (0) is PBKDF2 with SHA-1 and a thousand iterations, and is read only.
 * https://github.com/dotnet/aspnetcore/blob/main/src/Identity/Extensions.Core/src/PasswordHasher.cs
 */
import { broken, type Form, type Format, type Reading } from './format.ts'
import { fromBase64 } from './text.ts'
import type { Work } from './work.ts'

const digests = ['sha1', 'sha256', 'sha512'] as const

/** Bytes before the salt: version, function, iterations, length of the salt. */
const head = 13

/** Both versions; the first letters are those of a version byte and of a function below three. */
export const aspnet: Format = {
  name: 'ASP.NET Identity',
  mark: /^A(QAAAA[A-L]|[A-P])[A-Za-z0-9+/]{40,}={0,2}$/,
  read(stored) {
    const bytes = fromBase64(stored)
    if (!bytes) return broken
    return bytes[0] === 1 ? third(Buffer.from(bytes)) : second(Buffer.from(bytes))
  },
}

function third(bytes: Buffer): Reading {
  const digest = digests[bytes.readUInt32BE(1)]
  const [iterations, saltLength] = [bytes.readUInt32BE(5), bytes.readUInt32BE(9)]
  const [salt, key] = [bytes.subarray(head, head + saltLength), bytes.subarray(head + saltLength)]
  // Identity itself takes no salt and no key below 128 bits.
  if (!digest || salt.length !== saltLength || salt.length < 16 || key.length < 16) return broken
  return { work: { kdf: 'pbkdf2', digest, iterations, salt, length: key.length }, key }
}

function second(bytes: Buffer): Reading {
  if (bytes[0] !== 0 || bytes.length !== 49) return broken
  const [salt, key] = [bytes.subarray(1, 17), bytes.subarray(17)]
  return { work: { kdf: 'pbkdf2', digest: 'sha1', iterations: 1_000, salt, length: 32 }, key }
}

/** Version 3, HMAC-SHA-512 as .NET 7 and later write it, at OWASP's 210,000 iterations; every .NET Core reads the count. */
export const aspnetForm: Form = {
  mark: /^AQAAAA/,
  draft(random) {
    const salt = random.bytes(16)
    const work: Work = { kdf: 'pbkdf2', digest: 'sha512', iterations: 210_000, salt, length: 32 }
    const before = Buffer.alloc(head)
    before[0] = 1
    before.writeUInt32BE(digests.indexOf(work.digest), 1)
    before.writeUInt32BE(work.iterations, 5)
    before.writeUInt32BE(salt.length, 9)
    return { work, text: (key) => Buffer.concat([before, salt, key]).toString('base64') }
  },
}
