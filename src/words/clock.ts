/** Moments in words: in letters and on pages. */

const formats = new Map<string, Intl.DateTimeFormat>()

/** A moment (milliseconds since 1970) by the clock, with its zone: it is read on any side of the world, at any time. */
export function byTheClock(locale: string, at: number): string {
  // Making a format costs a hundred times what using it does; there are as many as there are languages.
  let format = formats.get(locale)
  if (!format) {
    format = new Intl.DateTimeFormat(locale, {
      day: 'numeric',
      month: 'long',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      timeZone: 'UTC',
      timeZoneName: 'short',
    })
    formats.set(locale, format)
  }
  return format.format(at)
}
