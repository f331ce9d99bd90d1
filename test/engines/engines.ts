/** The other engines that Debian packages: Firefox's Gecko, and WebKitGTK, which is the nearest to Safari that runs on Linux. */
import { firefox } from './firefox.ts'
import type { Tab } from './tab.ts'
import { webkit } from './webkit.ts'

/** A browser with one tab and no memory of another run. */
export type Opened = {
  readonly tab: Tab
  /** What it complained of in its console since it was opened; always nothing where the engine does not tell. */
  complaints(): Promise<string[]>
  close(): Promise<void>
}

/** Opens a browser; `proxy` is the port to which everything goes that is not of this machine. */
export type Engine = (options: { proxy: number; scripts: boolean }) => Promise<Opened>

/** By name. */
export const engines: Readonly<Record<string, Engine>> = { firefox, webkit }
