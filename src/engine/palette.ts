/**
 * Colours of a brand, and whether they can be read: the contrast of WCAG 2.2 (1.4.3, 1.4.11), 4.5:1 for text. One colour
 * is text, button and focus ring alike, so that one judgement is enough.
 */

/** A brand's main colour, each as `#rrggbb`. */
export type Colors = {
  /** On light grounds: dark enough to be read there. */
  readonly light: string
  /** On dark grounds. Default: `light`, made lighter until it can be read. */
  readonly dark?: string
}

/** The colour, and what is written upon it. */
export type Shade = { readonly accent: string; readonly onAccent: string }

/** What pages and letters are drawn with. */
export type Palette = { readonly light: Shade; readonly dark: Shade }

/** Something that cannot be read, and the nearest colour that can. */
export type Unreadable = {
  readonly colour: string
  readonly ratio: string
  readonly ground: 'light' | 'dark'
  readonly better: string
}

type Rgb = readonly [number, number, number]

/** The pages' own: the ground, the card upon it, and whither a colour goes that must stand out more. */
const grounds = {
  light: { ground: '#f5f4f1', card: '#ffffff', away: '#1c2127' },
  dark: { ground: '#121417', card: '#1b1e23', away: '#ffffff' },
} as const

/** What a brand has that says nothing of colours. */
export const standardColors: Required<Colors> = { light: '#2256c5', dark: '#9dbdff' }

/** Text needs this much (WCAG 2.2, 1.4.3). */
const least = 4.5
/** Aimed at where a colour is made lighter for dark grounds. */
const comfortable = 7

const isHex = (text: unknown): text is string => typeof text === 'string' && /^#[0-9a-f]{6}$/i.test(text)

const rgb = (hex: string): Rgb => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb
const hex = (colour: Rgb): string => `#${colour.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`

/** So much of the first in the second. */
const mixed = (one: string, other: string, share: number): string => {
  const [a, b] = [rgb(one), rgb(other)]
  return hex(a.map((part, at) => part * share + b[at]! * (1 - share)) as unknown as Rgb)
}

function luminance(colour: string): number {
  const [r, g, b] = rgb(colour).map((part) => {
    const c = part / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  }) as unknown as Rgb
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** How much two colours differ, 1 to 21 (WCAG 2.2, "contrast ratio"). */
export function contrast(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

/** Its least contrast: on the ground, on the card, and on the card tinted with itself. */
function leastOn(colour: string, mode: keyof typeof grounds): number {
  const { ground, card } = grounds[mode]
  return Math.min(...[ground, card, mixed(colour, card, 0.08)].map((one) => contrast(colour, one)))
}

/** The nearest colour that has so much contrast there. */
function nearest(colour: string, mode: keyof typeof grounds, wanted: number): string {
  for (let share = 1; share > 0; share -= 0.02) {
    const tried = mixed(colour, grounds[mode].away, share)
    if (leastOn(tried, mode) >= wanted) return tried
  }
  return standardColors[mode]
}

const onAccent = (accent: string): string =>
  contrast(accent, '#ffffff') >= contrast(accent, '#0c1930') ? '#ffffff' : '#0c1930'

/** What is drawn with these colours, which `unreadable` finds nothing in. */
export function paletteOf(colors: Colors = standardColors): Palette {
  const dark = colors.dark ?? nearest(colors.light, 'dark', comfortable)
  return {
    light: { accent: colors.light, onAccent: onAccent(colors.light) },
    dark: { accent: dark, onAccent: onAccent(dark) },
  }
}

/** What of a brand's colours is no colour; configurations in JSON have no types. */
export const notColours = (colors: Colors): string[] =>
  [colors.light, ...(colors.dark === undefined ? [] : [colors.dark])].filter((one) => !isHex(one)).map(String)

/** What cannot be read of colours that are colours. */
export function unreadable(colors: Colors): Unreadable[] {
  return (['light', 'dark'] as const).flatMap((ground): Unreadable[] => {
    const colour = colors[ground]
    if (colour === undefined) return []
    const ratio = leastOn(colour, ground)
    // Cut, not rounded: 4.49 is not 4.5.
    const told = (Math.floor(ratio * 10) / 10).toFixed(1)
    return ratio >= least ? [] : [{ colour, ratio: told, ground, better: nearest(colour, ground, least) }]
  })
}
