/** The five flows, in the order in which they claim a shared log-in page. */
export { classic } from './classic.ts'
export { code } from './code.ts'
export { spa } from './spa.ts'
export { stateless } from './stateless.ts'
export { verified } from './verified.ts'
