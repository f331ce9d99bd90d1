import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createElement, type ReactElement } from 'react'
import { renderToString } from 'react-dom/server'
import { type Recovery, type RecoveryOptions, useRecovery } from './use-recovery.ts'

type ProbeProps = { readonly options?: RecoveryOptions; readonly tell: (recovery: Recovery) => void }

function Probe({ options, tell }: ProbeProps): ReactElement {
  const recovery = useRecovery('spa', options)
  tell(recovery)
  return createElement('p', null, recovery.state.step)
}

/** One render on a server, where there is no window, and what the hook gave. */
function renderOnce(options?: RecoveryOptions): { recovery: Recovery; html: string } {
  const told: Recovery[] = []
  const html = renderToString(createElement(Probe, { options, tell: (recovery) => void told.push(recovery) }))
  return { recovery: told[0]!, html }
}

test('it renders on a server, at the ask', () => {
  const { recovery, html } = renderOnce()
  assert.equal(html, '<p>asking</p>')
  assert.deepEqual(recovery.state, { step: 'asking', email: '', busy: false, problem: null })
})

test('with a token it renders at the new password, and the token is not in the page', () => {
  const { recovery, html } = renderOnce({ token: 'secret-token' })
  assert.equal(recovery.state.step, 'changing')
  assert.doesNotMatch(html, /secret-token/)
})

test('rendering calls nobody, and deeds that do not fit the step do nothing', () => {
  const unexpected = async (): Promise<never> => assert.fail('a call was made')
  const client = { request: unexpected, prove: unexpected, change: unexpected, rules: unexpected }
  const { recovery } = renderOnce({ client })
  recovery.prove('123456')
  recovery.resend()
  recovery.choose('grant')
  recovery.change('Strong@123')
})
