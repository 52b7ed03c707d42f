/** What a drill sees of the regions while it runs: whether they serve, what is on its way, and which writes have lost. */
import { get } from 'node:http'
import { z } from 'zod'
import { drillSamplesMax } from '../../../core/limits/limits.ts'
import type { ConflictRecord, RegionSample } from '../../definition/drill-record.ts'
import { nowMs, pause } from '../time.ts'
import type { Target, TargetRegion } from '../targets/target.ts'

export const sampleEveryMs = 100
const answerMsMax = 1000
const conflictsEveryMs = 1000

const status = z.object({
  publishing: z.boolean(),
  peers: z.array(
    z.object({
      peer: z.string(),
      outbound: z.string(),
      held: z.number(),
      tables: z.array(
        z.object({ table: z.string(), pending: z.number(), lagMs: z.number(), safeToEvacuate: z.boolean() }),
      ),
    }),
  ),
})
const stamp = z.object({ wallMs: z.number(), counter: z.number(), region: z.number() })
const image = z.object({
  region: z.string(),
  stamp,
  item: z.object({ v: z.object({ S: z.string() }).optional() }).nullable(),
})
const conflicts = z.object({
  conflicts: z.array(
    z.object({
      key: z.object({ id: z.object({ S: z.string() }) }),
      metIn: z.string(),
      metMs: z.number(),
      won: image,
      lost: image,
    }),
  ),
  next: z.number(),
})

type Seen = Pick<RegionSample, 'peers' | 'publishing' | 'toldMs'>

export class Watch {
  readonly samples: RegionSample[] = []
  readonly #target: Target
  readonly #table: string
  readonly #ended = new AbortController()
  readonly #conflicts = new Map<string, ConflictRecord>()
  readonly #feedPlaces = new Map<string, number>()
  #running: readonly Promise<void>[] = []

  constructor(target: Target, table: string) {
    this.#target = target
    this.#table = table
  }

  start(): void {
    this.#running = this.#target.regions.flatMap((region) => [
      this.#sampleOn(region),
      this.#repeat(conflictsEveryMs, () => this.readConflicts(region.region).catch(() => undefined)),
    ])
  }

  async stop(): Promise<void> {
    this.#ended.abort()
    await Promise.all(this.#running)
  }

  latest(region: string): RegionSample | undefined {
    return this.samples.findLast((sample) => sample.region === region)
  }

  get conflicts(): readonly ConflictRecord[] {
    return [...this.#conflicts.values()].toSorted((a, b) => a.metMs - b.metMs)
  }

  /** A region's feed from where it was left, or from its beginning after its disk was lost. */
  async readConflicts(region: string, fromStart = false): Promise<void> {
    if (fromStart) this.#feedPlaces.delete(region)
    for (;;) {
      const after = this.#feedPlaces.get(region) ?? 0
      const path = `conflicts?table=${this.#table}&after=${after}`
      const told = conflicts.parse(await this.#target.admin(region, path))
      for (const each of told.conflicts) this.#note(each)
      this.#feedPlaces.set(region, told.next)
      if (told.next === after) return
    }
  }

  #note({ key, metIn, metMs, won, lost }: z.output<typeof conflicts>['conflicts'][number]): void {
    const toldOf = ({ region, stamp: of, item }: z.output<typeof image>): ConflictRecord['winner'] => ({
      region,
      stamp: of,
      ...(item?.v === undefined ? {} : { value: item.v.S }),
    })
    // The same two may meet in several regions.
    const name = [key.id.S, lost.stamp.wallMs, lost.stamp.counter, lost.stamp.region].join(' ')
    if (!this.#conflicts.has(name))
      this.#conflicts.set(name, { key: key.id.S, metIn, metMs, winner: toldOf(won), loser: toldOf(lost) })
  }

  async #sampleOn({ region, endpoint }: TargetRegion): Promise<void> {
    let seen: Seen = {}
    let askedMs = 0
    let asking: Promise<void> | undefined
    await this.#repeat(sampleEveryMs, async () => {
      const atMs = nowMs()
      const state = await stateOf(endpoint)
      if (state === 'down') seen = {}
      else if (asking === undefined && atMs - askedMs >= this.#target.statusEveryMs) {
        askedMs = atMs
        // Not waited for: through a container this takes longer than a sample.
        asking = this.#ask(region)
          .catch(() => ({}))
          .then((told) => {
            this.#sample({ region, atMs, state, ...told })
            seen = told
            asking = undefined
            return undefined
          })
        return
      }
      this.#sample({ region, atMs, state, ...(state === 'down' ? {} : seen) })
    })
  }

  /** The latest are always there: the drill goes by them. */
  #sample(sample: RegionSample): void {
    if (this.samples.length >= drillSamplesMax) this.samples.shift()
    this.samples.push(sample)
  }

  async #ask(region: string): Promise<Seen> {
    const toldMs = nowMs()
    const told = status.parse(await this.#target.admin(region, 'status', { timeoutMs: answerMsMax }))
    const peers = told.peers.map(({ peer, outbound, held, tables }) => {
      const own = tables.find(({ table }) => table === this.#table)
      const { pending = 0, lagMs = 0, safeToEvacuate = false } = own ?? {}
      return { peer, outbound, held, pending, lagMs, safeToEvacuate }
    })
    return { publishing: told.publishing, peers, toldMs }
  }

  async #repeat(everyMs: number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#ended
    while (!signal.aborted) {
      const startMs = nowMs()
      await work()
      await pause(everyMs - (nowMs() - startMs), signal)
    }
  }
}

/** Not `fetch`: of a container that is still starting its promise was seen never to settle on Node 20. */
async function stateOf(endpoint: string): Promise<RegionSample['state']> {
  return await new Promise((resolve) => {
    const asked = get(`${endpoint}/ready`, { agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200 ? 'ready' : 'not ready')
    })
    const timer = setTimeout(() => {
      asked.destroy()
      resolve('down')
    }, answerMsMax)
    asked.on('error', () => resolve('down'))
    asked.on('close', () => clearTimeout(timer))
  })
}
