/** A table's first column of numbers as bars: an SVG beside the table, readable on light and dark. */

/** Text as XML has it. */
const plain = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const [row, left, width, right] = [26, 250, 380, 130]

/** The bars of `column`; null where fewer than two rows have a number there. */
export function plotOf(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  column: number,
): string | null {
  const bars = rows
    .map((cells) => ({
      name: cells[0] ?? '',
      said: cells[column] ?? '',
      value: Number.parseFloat(cells[column] ?? ''),
    }))
    .filter(({ value }) => Number.isFinite(value) && value >= 0)
  if (bars.length < 2) return null
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE)
  const height = 44 + bars.length * row
  const lines = bars.map(({ name, said, value }, at) => {
    const y = 40 + at * row
    const fill = /bare|better-auth/.test(name) ? '#8a8f98' : '#2f6fde'
    return [
      `<text x="${left - 8}" y="${y + 14}" text-anchor="end">${plain(name)}</text>`,
      `<rect x="${left}" y="${y}" width="${Math.max(1, (width * value) / most).toFixed(1)}" height="18" rx="3" fill="${fill}"/>`,
      `<text x="${(left + 6 + (width * value) / most).toFixed(1)}" y="${y + 14}">${plain(said)}</text>`,
    ].join('\n')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + width + right}" height="${height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${plain(title)}">
<style>text { fill: #222 } @media (prefers-color-scheme: dark) { text { fill: #ddd } }</style>
<text x="8" y="20" font-weight="600">${plain(title)}: ${plain(head[column] ?? '')}</text>
${lines.join('\n')}
</svg>
`
}
