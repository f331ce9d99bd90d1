/** How hashes write bytes and numbers. Each answers null for what its own system would not have written. */

/** Base64, with or without its padding; canonical, so that two texts are never one key. */
export function fromBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, 'base64')
  const bare = text.replace(/={1,2}$/, '')
  return bare !== '' && toBase64(bytes) === bare ? bytes : null
}

/** Base64 without padding, as PHC strings have it. */
export const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '')

/** Hexadecimal, lower or upper case. */
export const fromHex = (text: string): Uint8Array | null =>
  /^(?:[0-9a-f]{2})+$/i.test(text) ? Buffer.from(text, 'hex') : null

/** Hexadecimal, lower case. */
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const usual = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const ofBcrypt = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const ofPhpass = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

const spelled = (text: string, from: string, to: string): string =>
  text.replaceAll(/./gs, (letter) => to[from.indexOf(letter)] ?? '!')

/** Base64 in bcrypt's alphabet. Bits beyond the last byte are left alone: some systems fill them. */
export const fromBcrypt = (text: string): Uint8Array | null =>
  /^[./A-Za-z0-9]+$/.test(text) ? Buffer.from(spelled(text, ofBcrypt, usual), 'base64') : null

/** Base64 in bcrypt's alphabet. */
export const toBcrypt = (bytes: Uint8Array): string => spelled(toBase64(bytes), usual, ofBcrypt)

/** phpass writes its 16 bytes six bits at a time, the lowest first. */
export function toPhpass(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const [first = 0, ...rest] = bytes.subarray(at, at + 3)
    const value = first | ((rest[0] ?? 0) << 8) | ((rest[1] ?? 0) << 16)
    for (let letter = 0; letter < 2 + rest.length; letter++) text += ofPhpass[(value >> (6 * letter)) & 63]
  }
  return text
}

/** The number that a letter of phpass stands for; −1 for none. */
export const phpassNumber = (letter: string): number => ofPhpass.indexOf(letter)

/** The letter of phpass that stands for a number from 0 to 63. */
export const phpassLetter = (number: number): string => ofPhpass[number]!

/** What phpass wrote as a hash of 22 letters. */
export function fromPhpass(text: string): Uint8Array | null {
  if (!/^[./0-9A-Za-z]{22}$/.test(text)) return null
  const bytes: number[] = []
  for (let at = 0; at < text.length; at += 4) {
    const value = [...text.slice(at, at + 4)].reduce((sum, letter, i) => sum | (phpassNumber(letter) << (6 * i)), 0)
    bytes.push(value & 255, (value >> 8) & 255, (value >> 16) & 255)
  }
  const key = Uint8Array.from(bytes.slice(0, 16))
  return toPhpass(key) === text ? key : null
}
