/** Breached passwords: asked of a list elsewhere where one is named, for everybody who may set one. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { spa } from '../../src/flows/index.ts'
import { onEveryStore } from '../databases.ts'
import { ana, anaIn, before, letterFor, linkOf, logIn, logsIn, sees, send, stranger } from './steps.ts'

const leaked = 'Quiet-Otter-Paddles-1984'

onEveryStore(
  'a password of a breach is refused with the rule named, and a list that is away stops nobody',
  async (open) => {
    const digest = createHash('sha1').update(leaked).digest('hex').toUpperCase()
    const server = createServer((request, response) =>
      response.end(
        request.url === `/range/${digest.slice(0, 5)}` ? `${digest.slice(5)}:12\r\n` : `${'0'.repeat(35)}:0`,
      ),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/range/`
    try {
      const recovery = await open({ breached: { url } })
      await anaIn(recovery)
      const browser = stranger(recovery)
      const { token } = linkOf(await letterFor(recovery, spa, ana, browser))
      const set = (password: string) => browser.json('/auth/reset-password/', { token, new_password: password })
      const refused = await set(leaked)
      assert.deepEqual([refused.status, refused.body.unmet[0].code], [422, 'common'])
      assert.equal(await logsIn(recovery, '/login/', ana, leaked), false)
      await logIn(browser, '/login/', ana, before)
      const own = { current_password: before, new_password: leaked, confirm_password: leaked }
      sees(await send(browser, '/account/', own, '/account/'), 422, 'on the list of those that are guessed first')
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      assert.equal((await set(leaked)).status, 200)
      assert.ok(recovery.log.some(({ message }) => message.startsWith('the list of breached passwords did not answer')))
    } finally {
      server.close()
    }
  },
)
