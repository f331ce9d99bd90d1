import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { createServer } from 'vite'

test('each account is a button with its name, in a group that says what is asked; no grant stands in the page', async () => {
  const vite = await createServer({
    configFile: false,
    appType: 'custom',
    logLevel: 'error',
    server: { middlewareMode: true, ws: false },
    optimizeDeps: { noDiscovery: true },
  })
  try {
    const { AccountPicker } = await vite.ssrLoadModule('/src/react/account-picker.tsx')
    const accounts = ['ana', '<b>bea'].map((name) => ({
      grant: `secret of ${name}`,
      name,
      account: '',
      username: name,
    }))
    const html = renderToString(createElement(AccountPicker, { accounts, onChoose: () => undefined }))
    assert.match(html, /^<fieldset [^>]*><legend>Which account\?<\/legend>/)
    const buttons = [...html.matchAll(/<li><button type="button"><bdi>(.*?)<\/bdi><\/button><\/li>/g)]
    assert.deepEqual(
      buttons.map(([, name]) => name),
      ['ana', '&lt;b&gt;bea'],
    )
    assert.doesNotMatch(html, /secret/)
    const texts = { pickerTitle: 'Welches Konto?' }
    assert.match(renderToString(createElement(AccountPicker, { accounts, onChoose() {}, texts })), /Welches Konto\?/)
  } finally {
    await vite.close()
  }
})
