/**
 * Finds a seed that shows an injected bug. `TEETH_SEARCH=30 npx vitest run test/simulation/teeth.test.ts` tries as many seconds of seeds for
 * each bug, instead of stopping at the first, and prints which seed is the quickest: it becomes the bug's `knownSeed`.
 */
import { expect } from 'vitest'
import type { RunResult } from './run.ts'

export type Search = {
  readonly bug: string
  readonly breaks: readonly string[]
  readonly knownSeed: number | undefined
  readonly seedsMax: number
  readonly run: (seed: number) => Promise<Pick<RunResult, 'failure'>>
}

/** Some seed notices the bug, by one of the promises that it breaks. */
export async function expectFound(search: Search): Promise<void> {
  const { breaks, seedsMax } = search
  const found = await firstFailure(search)
  expect(found, `no seed up to ${seedsMax} noticed`).toBeDefined()
  expect(breaks, String(found)).toContain(found !== undefined && 'promise' in found ? found.promise : 'a violation')
}

/** The first failure of the known seed, then of the seeds from 1 on. */
async function firstFailure({ knownSeed, seedsMax, ...search }: Search): Promise<Error | undefined> {
  const seeds = Array.from({ length: seedsMax }, (_, n) => n + 1)
  if (knownSeed !== undefined) seeds.unshift(knownSeed)
  return searchMs > 0 ? await quickest(seeds, search) : await first(seeds, search)
}

const searchMs = Number(process.env['TEETH_SEARCH'] ?? 0) * 1000

async function first(seeds: readonly number[], { run }: Pick<Search, 'run'>): Promise<Error | undefined> {
  for (const seed of seeds) {
    const { failure } = await run(seed)
    if (failure !== undefined) return failure
  }
  return undefined
}

type Found = { readonly seed: number; readonly ms: number; readonly failure: Error }

/** By the time of this process, whatever else runs on the machine. */
async function quickest(
  seeds: readonly number[],
  { bug, breaks, run }: Pick<Search, 'bug' | 'breaks' | 'run'>,
): Promise<Error | undefined> {
  let best: Found | undefined
  const began = process.cpuUsage()
  for (const seed of seeds) {
    const before = process.cpuUsage()
    const { failure } = await run(seed)
    const ms = process.cpuUsage(before).user / 1000
    const isRight = failure !== undefined && 'promise' in failure && breaks.includes(String(failure.promise))
    if (isRight && ms < (best?.ms ?? Infinity)) best = { seed, ms, failure }
    if (process.cpuUsage(began).user / 1000 > searchMs) break
  }
  console.log(`${bug}: ${best === undefined ? 'not found' : `seed ${best.seed}, ${best.ms.toFixed(0)} ms`}`)
  return best?.failure
}
