import { type ReactElement, type ReactNode, useEffect, useRef } from 'react'

type PageProps = {
  readonly heading: string
  readonly brand?: string
  /** Announced, once it is there. The region is always in the page, since one that comes with its text stays unread. */
  readonly status?: ReactNode
  readonly children?: ReactNode
}

let isFirst = true

/** The frame of every page. A new heading is a new step: it goes into the title and takes the focus. */
export function Page({ heading, brand, status, children }: PageProps): ReactElement {
  const place = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = brand ? `${heading} · ${brand}` : heading
    // Not on arrival: there the browser reads the page from its top.
    if (!isFirst) place.current?.focus()
    isFirst = false
  }, [heading, brand])
  return (
    <>
      {brand && <header>{brand}</header>}
      <main>
        <h1 ref={place} tabIndex={-1}>
          {heading}
        </h1>
        <div role="status" className="status">
          {status}
        </div>
        {children}
      </main>
    </>
  )
}
