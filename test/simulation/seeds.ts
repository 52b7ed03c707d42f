/** Seeds that once failed, each with what it found: they run every time. */
export type StoriedSeed = { readonly seed: number; readonly story: string }

export const storiedSeeds: readonly StoriedSeed[] = []
