/**
 * A known device: a browser that has logged in as an account before, or reset its password. It has counts of its own, so
 * that a stranger who uses up an address's limits does not keep its owner out. The cookie names nobody.
 */
import { digest, fresh, type Keyring, mac, same } from './keys.ts'
import type { Random } from './ports.ts'

/** The value of a device's cookie for this address. Its first eight characters are the same for one address: a name for the cookie. */
export function deviceFor(keyring: Keyring, random: Random, address: string): string {
  const id = digest(keyring.current, 'handle', ['device', address]).slice(0, 8) + fresh(random, 16).slice(0, 14)
  return id + mac(keyring.current, 'device', [id, address])
}

/** The key under which the device's own counts stand, when one of the cookies is of this address. */
export function knownDevice(keyring: Keyring, address: string, cookies: readonly string[]): string | null {
  for (const cookie of cookies) {
    const [id, signature] = [cookie.slice(0, 22), cookie.slice(22)]
    const known = keyring.all.some((keys) => same(mac(keys, 'device', [id, address]), signature))
    if (known) return digest(keyring.current, 'limit', ['device', id, address])
  }
  return null
}
