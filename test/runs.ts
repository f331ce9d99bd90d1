/** How often what is tried by chance is tried: `TEST_TIMES=20` for twenty times the runs, as `npm run test:long` does. */
export const runs = (usual: number): number => Math.max(1, Math.round(usual * Number(process.env.TEST_TIMES ?? 1)))
