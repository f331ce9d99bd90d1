/**
 * The program as tests start it: as it was built, which starts in half the time and is what people run. `scripts/test.ts`
 * names it where the build is of these very sources; else it is the one in `src`.
 */
import { fileURLToPath } from 'node:url'

export const program = process.env.TEST_PROGRAM ?? fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
