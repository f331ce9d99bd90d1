import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Mail } from '../engine/ports.ts'
import { printed } from './console.ts'
import { inbox } from './inbox.ts'
import { mailer } from './mailer.ts'

const now = Date.UTC(2026, 4, 1, 12)
const clock = { now: () => now }
const from = 'App <no-reply@example.com>'
const mail: Mail = {
  to: 'ana@example.org',
  subject: 'Reset Your Password',
  text: 'Follow the link:\nhttps://app.example.com/reset/1/\n',
  html: '<p>Follow</p>',
  messageId: 'letter-1@app.example.com',
  locale: 'en',
}
const never = new AbortController().signal

test('the console prints a letter that a person can read, without what a terminal would obey', () => {
  const text = printed({ ...mail, text: `${mail.text}\u001b[31mred\u009b` }, from, now)
  assert.match(text, /^From: App <no-reply@example\.com>\nTo: ana@example\.org\nSubject: Reset Your Password$/m)
  assert.match(text, /\n\nFollow the link:\nhttps:\/\/app\.example\.com\/reset\/1\/\n/)
  assert.match(text, /^Date: Fri, 01 May 2026 12:00:00 GMT$/m)
  assert.doesNotMatch(text, /[\u001b\u009b]/)
})

test('the inbox keeps a letter with the time by the clock', async () => {
  const kept = inbox()
  const mailing = mailer({ inbox: kept, from }, clock)
  await mailing.send(mail, never)
  assert.deepEqual(kept.letters, [{ ...mail, id: '1', at: now }])
  await mailing.check()
  await mailing.close()
})

test("a host's own function gets the letter with its sender, and its error comes back", async () => {
  const seen: (Mail & { from: string })[] = []
  await mailer({ from, send: async (letter) => void seen.push(letter) }, clock).send(mail, never)
  assert.deepEqual(seen, [{ ...mail, from }])
  const failing = mailer({ from, send: () => Promise.reject(new Error('queue is full')) }, clock)
  await assert.rejects(failing.send(mail, never), /queue is full/)
})

test('nothing is sent once the signal is aborted', async () => {
  const kept = inbox()
  await assert.rejects(mailer({ inbox: kept, from }, clock).send(mail, AbortSignal.abort()), { name: 'AbortError' })
  assert.equal(kept.letters.length, 0)
})

test('a from-address that is none is refused at once', () => {
  for (const wrong of ['', 'App', 'App <a@b.c>, x@y.z', 'a@b.c\r\nBcc: e@z.org']) {
    assert.throws(() => mailer({ from: wrong, inbox: inbox() }, clock), /from-address/, wrong)
  }
})
