/** Which secrets are taken: what tutorials, templates and tired fingers leave in place is refused, what chance made is not. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { hasTwice, leastSecret, refuseSecrets, weakness } from './secrets.ts'

/** Sound text of any length, the same each time. */
const sound = (length: number, of = 'a'): string => {
  let text = ''
  for (let count = 0; text.length < length; count++) {
    text += createHash('sha256').update(`${of} ${count}`).digest('base64url')
  }
  return text.slice(0, length)
}

test('a secret has 32 characters or more', () => {
  assert.equal(leastSecret, 32)
  assert.equal(weakness(''), 'short')
  assert.equal(weakness(sound(31)), 'short')
  assert.equal(weakness(sound(32)), null)
  assert.equal(weakness('password'), 'short', 'told first, whatever else it is')
})

test('what chance made is taken, in every alphabet that tools write it in', () => {
  for (let count = 0; count < 200; count++) {
    const bytes = createHash('sha256').update(String(count)).digest()
    for (const secret of [bytes.toString('hex').slice(0, 32), bytes.toString('hex'), bytes.toString('base64')]) {
      assert.equal(weakness(secret), null, secret)
    }
  }
})

test('what begins as samples begin is a sample, however it is written', () => {
  for (const start of [
    'django-insecure-',
    'changeme',
    'change-me',
    'change_me',
    'change this',
    'changeit',
    'your-',
    'your_',
    'your ',
    'my-',
    'my ',
    'my_',
    'insecure',
    'replace-',
    'replace_',
    'replace ',
    'supersecret',
    'super-secret',
    'super_secret',
    'super secret',
    'secretkey',
    'secret-key',
    'secret_key',
    'secret key',
    'qwerty',
    'qwertz',
    'letmein',
    '<',
    '${',
    '{{',
    ...['example', 'sample', 'default', 'dummy', 'password', 'keyboard', 'secret', 'test'].flatMap((word) => [
      `${word}-`,
      `${word}_`,
      `${word} `,
      `${word}1`,
    ]),
  ]) {
    assert.equal(weakness(start + sound(40)), 'sample', start)
    assert.equal(weakness(start.toUpperCase() + sound(40)), 'sample', start)
    assert.equal(weakness(sound(40) + start), null, `${start} at the end`)
  }
  for (const start of ['myX', 'yourX', 'testimony', 'secretary', 'exampleX', 'replaceX', '$', '{']) {
    assert.equal(weakness(start + sound(40)), null, start)
  }
})

test('ten different characters are the least', () => {
  const of = (count: number): string => {
    const from = 'k3XqZ7mP0wT'.slice(0, count)
    // In an order that neither repeats nor climbs.
    return Array.from({ length: 60 }, (_, at) => from[(at * at + Math.floor(at / 7) * 3 + (at % 5)) % count]).join('')
  }
  assert.equal(new Set(of(9)).size, 9)
  assert.equal(weakness(of(9)), 'sample')
  assert.equal(new Set(of(10)).size, 10)
  assert.equal(weakness(of(10)), null)
})

test('a text twice over is one text: any up to 24 characters, and up to 12 with a rest at the end', () => {
  const [a24, a25] = [sound(24), sound(25)]
  assert.equal(weakness(a24 + a24), 'sample')
  assert.equal(weakness(a25 + a25), null)
  assert.equal(weakness(sound(16).repeat(3)), 'sample', 'and three times')
  assert.equal(weakness(sound(16) + sound(16)), 'sample')
  assert.equal(weakness(`${sound(16)}\n${sound(15)}${sound(16)}\n${sound(15)}`), null)
  assert.equal(weakness(`${sound(16)}\n${sound(6)}`.repeat(2)), 'sample', 'over lines too')
  assert.equal(weakness(`${a24}${a24}x`), null)
  const a12 = sound(12)
  assert.equal(weakness(a12.repeat(3) + sound(11, 'rest')), 'sample')
  assert.equal(weakness(a12.repeat(3) + sound(12, 'rest')), null)
  assert.equal(weakness(a12.repeat(2) + sound(11, 'rest')), null, 'three times, not two')
  assert.equal(weakness(`${a12.slice(0, 11)}\n`.repeat(3) + sound(10, 'rest')), 'sample')
  assert.equal(weakness(`${a12.repeat(3)}${sound(5, 'rest')}\n${sound(5, 'rest')}`), 'sample')
  assert.equal(weakness(sound(13).repeat(3) + sound(11, 'rest')), null)
  assert.equal(weakness(`x${a24}${a24}`), null, 'from its first character')
  assert.equal(weakness(`${sound(14, 'x')}${a12.repeat(3)}`), null)
})

test('what climbs along the alphabet is a sample: more than half of it stands beside the one before', () => {
  assert.equal(weakness('0123456789abcdefghijklmnopqrstuvwxyz'), 'sample')
  assert.equal(weakness('zyxwvutsrqponmlkjihgfedcba9876543210'), 'sample')
  const scattered = 'k3Xq7Zm0PwTb5RyJd9Gv'
  const steps = (text: string): number =>
    [...text].filter((one, at) => at > 0 && Math.abs(one.charCodeAt(0) - text.charCodeAt(at - 1)) <= 1).length
  for (let count = 10; count < 31; count++) {
    const text = `${scattered}${'!"#$%&\'()*+,-./0123456789:;<=>?@'.slice(0, count + 1)}~K~k~3~X`
    assert.equal(steps(text), count)
    assert.equal(weakness(text), count > text.length / 2 ? 'sample' : null, text)
  }
})

test('a list that names a secret twice is told apart from one that does not', () => {
  assert.equal(hasTwice([]), false)
  assert.equal(hasTwice(['a', 'b']), false)
  assert.equal(hasTwice(['a', 'b', 'a']), true)
})

test('each secret that cannot be used is told of in a sentence; a sample is taken in development', () => {
  const good = sound(43)
  const [one, other] = [sound(43, 'one'), sound(43, 'other')]
  const sample = `changeme-${sound(40)}`
  const says = {
    short: 'secret: at least 32 characters; "latchkey secret" makes one.',
    sample: 'secret: it is a sample or repeats itself; "latchkey secret" makes a new one.',
    itself: 'secretFallbacks: holds the secret itself.',
    twice: 'secretFallbacks: holds one secret twice.',
    weak: 'secretFallbacks: holds a secret that is short or a sample; proofs made with it can be forged.',
  }
  for (const development of [true, false]) {
    assert.deepEqual(refuseSecrets(good, [], development), [])
    assert.deepEqual(refuseSecrets(good, [one, other], development), [])
    assert.deepEqual(refuseSecrets('short', [], development), [says.short])
    assert.deepEqual(refuseSecrets(good, [one, good], development), [says.itself])
    assert.deepEqual(refuseSecrets(good, [one, other, one], development), [says.twice])
  }
  assert.deepEqual(refuseSecrets(sample, [], true), [])
  assert.deepEqual(refuseSecrets(sample, [], false), [says.sample])
  for (const weak of ['short', sample]) {
    assert.deepEqual(refuseSecrets(good, [one, weak], true), [])
    assert.deepEqual(refuseSecrets(good, [one, weak], false), [says.weak])
  }
  assert.deepEqual(refuseSecrets('short', ['short', 'short'], false), [says.short, says.itself, says.twice, says.weak])
})
