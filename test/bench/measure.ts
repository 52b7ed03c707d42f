/** Rounds of a bench: every candidate once in each, one after the other, so that whatever else the machine does falls on all of them. */
import { cpuMsOf, type Load } from './children.ts'
import { median, quantile } from './figures.ts'
import type { LoadOrder } from './load.ts'

export type Target = Pick<LoadOrder, 'port' | 'host' | 'secure'> & {
  /** Of the processes that answer, where they are on this machine. */
  readonly pids: readonly number[]
}

export type Candidate = { readonly name: string; readonly target: Target; readonly requests: readonly Buffer[] }

export type Sample = {
  readonly rate: number
  /** Processor time a request, of all threads of the server. */
  readonly cpuMicros: number
  readonly loadMicros: number
  /** How much of one core the load generator has used: near 1 it would be what is measured. */
  readonly loadBusy: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export type Samples = ReadonlyMap<string, readonly Sample[]>

export type Rounds = {
  readonly rounds: number
  readonly ms: number
  readonly connections: number
  /** Of the first round, which is not told; half of a round where it is left out. */
  readonly warmUpMs?: number
  /** Every second round goes through the candidates from the last to the first, so that none always follows the same one. */
  readonly turns?: boolean
  /** A candidate whose requests are refused is named and left out, rather than the end of it all. */
  readonly leaveOut?: boolean
}

const toldEveryMs = 10_000

/** The first round is for warming up. */
export async function measure(
  load: Load,
  candidates: readonly Candidate[],
  { rounds, ms, connections, warmUpMs = ms / 2, turns = false, leaveOut = false }: Rounds,
): Promise<Samples> {
  const samples = new Map<string, Sample[]>(candidates.map(({ name }) => [name, []]))
  let nextToldMs = performance.now() + toldEveryMs
  for (let round = 0; round <= rounds; round++)
    for (const { name, target, requests } of turns && round % 2 === 0 ? candidates.toReversed() : candidates) {
      if (!samples.has(name)) continue
      if (performance.now() > nextToldMs) {
        nextToldMs += toldEveryMs
        console.error(`round ${round} of ${rounds}, ${name}`)
      }
      const { pids, ...to } = target
      const before = cpuOf(pids)
      const result = await load.run({ ...to, connections, requests, ms: round === 0 ? warmUpMs : ms })
      if (result.failed > 0) {
        const failure = `${name}: ${result.failed} failed, the first with ${result.failure}`
        if (!leaveOut) throw new Error(failure)
        console.error(`left out, ${failure}`)
        samples.delete(name)
      }
      if (round === 0) continue
      samples.get(name)?.push({
        rate: (result.count / result.ms) * 1000,
        cpuMicros: ((cpuOf(pids) - before) / result.count) * 1000,
        loadMicros: (result.cpuMs / result.count) * 1000,
        loadBusy: result.cpuMs / result.ms,
        p50Ms: result.p50Ms,
        p99Ms: result.p99Ms,
      })
    }
  return samples
}

const cpuOf = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0)

export const middle = (samples: readonly Sample[], figure: keyof Sample): number =>
  median(samples.map((sample) => sample[figure]))

export type Ratio = { readonly ratio: number; readonly least: number; readonly most: number }

/** Round by round against what was measured in the same round. */
export function ratioOf(
  of: readonly Sample[],
  over: readonly Sample[],
  figure: keyof Sample = 'rate',
  overFigure: keyof Sample = figure,
): Ratio {
  const ratios = of.map((sample, round) => sample[figure] / (over[round]?.[overFigure] ?? Number.NaN))
  return { ratio: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) }
}

/** Half of the ratios of the rounds lie between these two. */
export function middleHalfOf(
  of: readonly Sample[],
  over: readonly Sample[],
  figure: keyof Sample,
): readonly [number, number] {
  const ratios = of.map((sample, round) => sample[figure] / (over[round]?.[figure] ?? Number.NaN))
  return [quantile(ratios, 0.25), quantile(ratios, 0.75)]
}
