import assert from 'node:assert/strict'
import { test } from 'node:test'
import { speaker } from '../words/index.ts'
import { agentName } from './agent.ts'

const say = speaker('en')
const mozilla = (system: string, rest: string): string => `Mozilla/5.0 (${system}) ${rest}`
const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)'

test('browsers and systems are called what their owners call them', () => {
  const known = [
    ['Firefox on Windows', mozilla('Windows NT 10.0; Win64; x64; rv:145.0', 'Gecko/20100101 Firefox/145.0')],
    ['Chrome on Android', mozilla('Linux; Android 10; K', `${webkit} Chrome/142.0.0.0 Mobile Safari/537.36`)],
    ['Edge on Windows', mozilla('Windows NT 10.0', `${webkit} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0`)],
    ['Safari on iOS', mozilla('iPhone; CPU iPhone OS 18_6', `${webkit} Version/26.0 Mobile/15E148 Safari/604.1`)],
    ['Chrome on iOS', mozilla('iPhone; CPU iPhone OS 18_6', `${webkit} CriOS/142.0 Mobile/15E148 Safari/604.1`)],
    ['Safari on macOS', mozilla('Macintosh; Intel Mac OS X 10_15_7', `${webkit} Version/26.0 Safari/605.1.15`)],
    ['curl', 'curl/8.17.0'],
  ]
  for (const [name, agent] of known) assert.equal(agentName(say, agent!), name)
})

test('an agent that says nothing known is called unknown, whatever it says', () => {
  for (const agent of ['', 'win at evil.example', '<b>Firefox</b>', 'x'.repeat(256)]) {
    assert.equal(agentName(say, agent), 'An unknown browser')
  }
})
