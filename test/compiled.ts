/**
 * Where Node keeps what it has made of our sources: half of what it takes to start a process. `scripts/test.ts` names a
 * folder; a child that a test gives an environment of its own is handed it on by this. Empty where none is named.
 */
const folder = process.env.NODE_COMPILE_CACHE
export const compiled: Readonly<Record<string, string>> = folder ? { NODE_COMPILE_CACHE: folder } : {}
