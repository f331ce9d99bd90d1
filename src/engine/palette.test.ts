import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contrast, notColours, paletteOf, standardColors, unreadable } from './palette.ts'

test('contrast is that of WCAG', () => {
  assert.equal(contrast('#000000', '#ffffff'), 21)
  assert.equal(contrast('#ffffff', '#ffffff'), 1)
  // From the understanding document of 1.4.3: #767676 is the lightest grey that passes on white.
  assert.ok(contrast('#767676', '#ffffff') >= 4.5)
  assert.ok(contrast('#777777', '#ffffff') < 4.5)
})

test('the standard colours can be read, on their grounds and under their own text', () => {
  assert.deepEqual(unreadable(standardColors), [])
  for (const { accent, onAccent } of Object.values(paletteOf())) assert.ok(contrast(accent, onAccent) >= 4.5)
})

test('a colour that cannot be read is told with the nearest one that can', () => {
  const [found, ...more] = unreadable({ light: '#ffd400' })
  assert.deepEqual(more, [])
  assert.deepEqual([found?.colour, found?.ground, found?.ratio], ['#ffd400', 'light', '1.3'])
  assert.deepEqual(unreadable({ light: found!.better }), [])
  const [dark] = unreadable({ light: '#1d3b8b', dark: '#1d3b8b' })
  assert.equal(dark?.ground, 'dark')
  assert.deepEqual(unreadable({ light: '#1d3b8b', dark: dark!.better }), [])
})

test('any colour that is taken, and the dark one that is made of it, can be read, and so can what stands on it', () => {
  for (const light of ['#8b1a2b', '#00563f', '#4b0082', '#333333', '#000000', '#0000ff', '#b04a00']) {
    assert.deepEqual(unreadable({ light }), [], light)
    const { light: day, dark: night } = paletteOf({ light })
    assert.deepEqual(unreadable({ light, dark: night.accent }), [], light)
    for (const { accent, onAccent } of [day, night]) assert.ok(contrast(accent, onAccent) >= 4.5, `${light} ${accent}`)
  }
})

test('what is no colour is named', () => {
  for (const light of ['red', '#fff', '#12345g', 'url(x)', '#123456;}', '', 7 as never]) {
    assert.deepEqual(notColours({ light }), [String(light)])
  }
  assert.deepEqual(notColours({ light: '#AABBCC', dark: '#001122' }), [])
})
