/** The style of brands that have colours of their own, added to the one style sheet: the pages' policy takes no other. */
import { type Colors, paletteOf, type Shade } from '../engine/palette.ts'

/** By what a page says whose colours it wears; nothing where they are the standard ones. */
export const brandKey = (colors: Colors | undefined): string | null =>
  colors ? [colors.light, colors.dark ?? ''].join('-').replaceAll('#', '').toLowerCase() : null

const tokens = ({ accent, onAccent }: Shade): string => `--accent:${accent};--on-accent:${onAccent}`

/** Rules for every set of colours, in both palettes. */
export function brandStyle(all: readonly (Colors | undefined)[]): string {
  const sets = new Map(all.flatMap((colors) => (colors ? [[brandKey(colors), colors] as const] : [])))
  return [...sets]
    .map(([key, colors]) => {
      const { light, dark } = paletteOf(colors)
      const place = `:root[data-brand="${key}"]`
      return `${place}{${tokens(light)}}@media (prefers-color-scheme:dark){${place}{${tokens(dark)}}}`
    })
    .join('')
}
