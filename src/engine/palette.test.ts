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

test('contrast is WCAG’s to the last digit, in dark colours too', () => {
  for (const [one, other, ratio] of [
    ['#777777', '#ffffff', 4.478],
    ['#0a0a0a', '#ffffff', 19.798],
    ['#0b0b0b', '#000000', 1.0669],
    ['#050505', '#000000', 1.0304],
    ['#ff0000', '#000000', 5.252],
    ['#00ff00', '#000000', 15.304],
    ['#0000ff', '#000000', 2.444],
  ] as const) {
    assert.ok(Math.abs(contrast(one, other) - ratio) < 0.001, `${one} ${other} ${contrast(one, other)}`)
    assert.equal(contrast(one, other), contrast(other, one))
  }
})

/** How far two colours lie apart. */
const apart = (one: string, other: string): number =>
  [1, 3, 5].reduce(
    (sum, at) =>
      sum + Math.abs(Number.parseInt(one.slice(at, at + 2), 16) - Number.parseInt(other.slice(at, at + 2), 16)),
    0,
  )

test('the colour that is proposed is the nearest on the way to what stands out: one that can hardly be read changes hardly', () => {
  // A touch too light for text on the card that is tinted with it.
  const [found] = unreadable({ light: '#767676' })
  assert.ok(found && apart(found.better, '#767676') < 40, found?.better)
  assert.deepEqual(unreadable({ light: found.better }), [])
  const [yellow] = unreadable({ light: '#ffd400' })
  assert.ok(yellow && apart(yellow.better, '#ffd400') < apart(standardColors.light, '#ffd400'))
  const [night] = unreadable({ light: '#1d3b8b', dark: '#5b5b5b' })
  assert.ok(night && apart(night.better, '#5b5b5b') < 200 && apart(night.better, '#ffffff') > 100, night?.better)
})

test('a dark colour of its own is taken as it is, else one is made of the light one: comfortable, and no lighter', () => {
  assert.equal(paletteOf({ light: '#8b1a2b', dark: '#abcdef' }).dark.accent, '#abcdef')
  for (const light of ['#8b1a2b', '#00563f', '#4b0082']) {
    const { accent } = paletteOf({ light }).dark
    const least = Math.min(contrast(accent, '#121417'), contrast(accent, '#1b1e23'))
    assert.ok(least >= 7 && least < 8.5, `${accent} ${least}`)
    assert.notEqual(accent, standardColors.dark)
  }
  assert.equal(paletteOf({ light: '#ffffff' }).dark.accent, '#ffffff', 'what can be read stays')
})

test('what stands on a colour is white or nearly black, whichever can be read better', () => {
  const on = (light: string): string => paletteOf({ light }).light.onAccent
  assert.deepEqual(
    [on('#000000'), on('#2256c5'), on('#ffd400'), on('#ffffff')],
    ['#ffffff', '#ffffff', '#0c1930', '#0c1930'],
  )
})

test('a colour that is no colour in the dark is named too, and nothing but the colour may stand there', () => {
  assert.deepEqual(notColours({ light: '#AABBCC', dark: 'red' }), ['red'])
  assert.deepEqual(notColours({ light: 'x#aabbcc', dark: ['#aabbcc'] as never }), ['x#aabbcc', '#aabbcc'])
})
