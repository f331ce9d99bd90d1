import { type ReactElement, type ReactNode, useEffect, useRef, useState } from 'react'
import { fill } from '../../src/react/texts.ts'
import { texts } from './texts.ts'

type ReturnProps = {
  readonly seconds: number
  /** Called once when the time is over, unless the visitor stays. */
  readonly onEnd: () => void
  /** The link that goes there at once. */
  readonly children: ReactNode
}

/** Goes on by itself after some seconds, tells how many, and lets the visitor go at once or stay (WCAG 2.2.1). */
export function Return({ seconds, onEnd, children }: ReturnProps): ReactElement {
  const [left, setLeft] = useState<number | null>(seconds)
  const place = useRef<HTMLDivElement>(null)
  const end = useRef(onEnd)
  useEffect(() => {
    end.current = onEnd
  })
  useEffect(() => {
    if (left === null) return
    const timer = setTimeout(() => (left > 1 ? setLeft(left - 1) : end.current()), 1000)
    return () => clearTimeout(timer)
  }, [left])

  const stay = (): void => {
    setLeft(null)
    // The button goes away; the focus must not go with it.
    place.current?.querySelector('a')?.focus()
  }
  return (
    <div className="return" ref={place}>
      {left !== null && <p role="timer">{fill(texts.returning, { seconds: left })}</p>}
      {children}
      {left !== null && (
        <button type="button" onClick={stay}>
          {texts.stay}
        </button>
      )}
    </div>
  )
}
