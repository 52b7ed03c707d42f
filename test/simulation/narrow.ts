/**
 * A narrow line between two regions, in virtual time: something has to come over it, all of it must, and at least seven tenths of
 * what the line could carry must be useful. Meanwhile neither side may call the line cut. Nothing else happens, so that each
 * case has one figure, the same each time.
 */
import { Administrator } from './administrator.ts'
import { differenceOfTables } from './checks.ts'
import type { Write } from '../../src/core/write/write.ts'
import { writeOf } from './intent.ts'
import { rowsOf } from './rows-of.ts'
import type { SimulatedRegion } from './simulated-region.ts'
import { expectThat, Violation } from './violation.ts'
import { World } from './world.ts'

export type NarrowCase = {
  readonly what:
    | 'single changes'
    | 'large items'
    | 'a very large item'
    | 'a join'
    | 'a join of large items'
    | 'a hole'
    | 'a backlog'
    | 'a comparison'
  readonly bitsPerSecond: number
  readonly roundTripMs: number
  /** So many times as much to carry as usual. */
  readonly times?: number
}

export type NarrowResult = {
  readonly tookMs: number
  /** What was useful of what the line could have carried; of a comparison nothing is. */
  readonly share: number
}

export const shareMin = 0.7
const seed = 6
const pollMs = 250
/** The line has been as it is for so long when the transfer begins: what was measured of the line before is forgotten. */
const settleMs = 25_000
/** What a message costs on the wire beside its payload. */
const overheadBytes = 64
/** And a row beside its key and its bytes. */
const changeOverheadBytes = 27
/**
 * The rule: a transfer takes its bytes at seven tenths of the line's rate, all of its time counted. One so short that this is less may take its bytes
 * at nine tenths, and beside them a fixed time and a fixed number of round trips: the next dial after a cut, a session, the questions
 * before the first byte, the first bytes while nothing is known of the line, and the word of the end.
 */
const shareOfShort = 0.9
const besideMs = 4000
const besideRoundTrips = 10
/** So much longer is waited, to say by how much it was too long. */
const patienceFactor = 6

const fills: Readonly<Record<NarrowCase['what'], Filling>> = {
  'single changes': { count: 1500, apartMs: 4 },
  'large items': { count: 3, paddingBytes: 390_000 },
  'a very large item': { count: 1, elements: 190_000 },
  'a join': { count: 1000, paddingBytes: 1000 },
  'a join of large items': { count: 3, paddingBytes: 390_000 },
  'a comparison': { count: 1000, paddingBytes: 1000 },
  'a hole': { count: 4000, apartMs: 4 },
  'a backlog': { count: 4000, apartMs: 4 },
}
/** The same for a line that carries all of that within a second or two. */
const wideFills: typeof fills = {
  ...fills,
  'single changes': { count: 1500, apartMs: 4, paddingBytes: 6000 },
  'large items': { count: 25, paddingBytes: 390_000 },
  'a join': { count: 2000, paddingBytes: 5000 },
  'a join of large items': { count: 25, paddingBytes: 390_000 },
  'a hole': { count: 4000, apartMs: 4, paddingBytes: 2200 },
  'a backlog': { count: 4000, apartMs: 4, paddingBytes: 2200 },
}
const wideBitsPerSecond = 1_000_000

type Filling = {
  readonly count: number
  readonly apartMs?: number
  readonly paddingBytes?: number
  /** Of a list: two bytes each as DynamoDB counts, and fourteen as JSON. */
  readonly elements?: number
}

/** Rejects with a Violation when the line is not used as it should be, or is called cut. */
export async function runNarrow(narrow: NarrowCase): Promise<NarrowResult> {
  const world = new World({ seed, regionCount: 2, variant: {} })
  Object.assign(world.network.settings, { outstandingMax: 10_000, streamMessagesMax: 100_000 })
  Object.assign(world, { logPositionsMax: 1_000_000, applyChangesMax: 1000, backlogMessagesMin: 4 })
  const results: NarrowResult[] = []
  try {
    await world.scheduler.run(new Transfer(world, narrow).run().then((result) => void results.push(result)))
  } finally {
    for (const region of world.regions) region.crash()
  }
  return results[0] as NarrowResult
}

class Transfer {
  readonly #world: World
  readonly #case: NarrowCase
  readonly #from: SimulatedRegion
  readonly #to: SimulatedRegion
  readonly #administrator: Administrator
  #startedMs = 0
  #watching = true
  #connected = false

  constructor(world: World, narrow: NarrowCase) {
    this.#world = world
    this.#case = narrow
    const [from, to] = world.regions as [SimulatedRegion, SimulatedRegion]
    this.#from = from
    this.#to = to
    this.#administrator = new Administrator(world)
  }

  async run(): Promise<NarrowResult> {
    const { scheduler, regions } = this.#world
    const { what } = this.#case
    await Promise.all(regions.map((region) => region.start()))
    await this.#administrator.createTable(this.#from, 'orders', false)
    const isJoin = what === 'a join' || what === 'a join of large items'
    const isBefore = isJoin || what === 'a comparison'
    if (isBefore) await this.#fill(this.#filling)
    if (!isJoin) await this.#replicate()
    const isCut = what === 'a hole' || what === 'a backlog'
    if (isCut) await this.#fallBehind(what === 'a hole')
    this.#narrow()
    await scheduler.sleep(isCut ? 0 : settleMs)
    this.#startedMs = scheduler.nowMs
    if (isCut) this.#reconnect()
    this.#watch()
    const streamed = this.#streamedBytes()
    if (!isBefore && !isCut) await this.#fill(this.#filling)
    // Until all of it is on the stream.
    await scheduler.sleep(50)
    if (what === 'a comparison') return await this.#compare()
    if (isJoin) await this.#administrator.addReplicas(this.#from, 'orders', [this.#to])
    return await this.#arrive(isBefore || isCut ? this.#rowBytes() : this.#streamedBytes() - streamed)
  }

  get #filling(): Filling {
    const { what, bitsPerSecond, times = 1 } = this.#case
    const filling = (bitsPerSecond > wideBitsPerSecond ? wideFills : fills)[what]
    return { ...filling, count: filling.count * times }
  }

  async #replicate(): Promise<void> {
    await this.#administrator.addReplicas(this.#from, 'orders', [this.#to])
    await this.#untilEqual(120_000)
  }

  async #fill({ count, apartMs = 0, paddingBytes, elements = 0 }: Filling): Promise<void> {
    const table = this.#from.engine?.tableNamed('orders')
    const padding = paddingBytes === undefined ? {} : { paddingBytes }
    if (table === undefined) return
    for (let n = 0; n < count; n++) {
      const key = { id: `item${n}`, part: 'a' }
      const write = writeOf(table, { act: 'put', key, tag: `t${n}`, count: n, ...padding })
      await this.#from.engine?.commit([elements > 0 ? withList(write, elements) : write])
      await this.#world.scheduler.sleep(apartMs)
    }
  }

  /** What is written while the line is cut is in the log; on the stream too, unless that is lost as well. */
  async #fallBehind(isStreamLost: boolean): Promise<void> {
    const { network, scheduler } = this.#world
    for (const [a, b] of this.#world.pairs()) network.cut(a.name, b.name, 'reset')
    await this.#fill(this.#filling)
    await scheduler.sleep(2000)
    if (isStreamLost) network.server(this.#from.name).trim(0)
  }

  #reconnect(): void {
    for (const [a, b] of this.#world.pairs()) this.#world.network.heal(a.name, b.name)
  }

  #narrow(): void {
    const { bitsPerSecond, roundTripMs } = this.#case
    const how = { bytesPerSecond: bitsPerSecond / 8, delayMs: roundTripMs / 2, jitterMs: 0 }
    for (const link of this.#world.links()) Object.assign(link, how)
  }

  /** Once the session is there, nobody may say that the line is cut. */
  #watch(): void {
    if (!this.#watching) return
    const said = this.#world.regions.flatMap((region) =>
      (region.replication?.status().peers ?? []).map((status) => ({ region, ...status })),
    )
    this.#connected ||= said.every(
      ({ state, outbound }) => state !== 'cut' && state !== 'unknown' && outbound !== 'cut',
    )
    if (this.#connected)
      for (const { region, peer, state, outbound } of said)
        this.#world.check(() =>
          expectThat(
            state !== 'cut' && state !== 'unknown' && outbound !== 'cut',
            'a narrow line is not called cut',
            () => `${region.name} says of ${peer}: receiving ${state}, sending ${outbound}`,
          ),
        )
    this.#world.scheduler.after(1000, () => this.#watch())
  }

  async #arrive(usefulBytes: number): Promise<NarrowResult> {
    const { what, bitsPerSecond, roundTripMs } = this.#case
    const bestMs = (usefulBytes * 8000) / bitsPerSecond
    const shortMs = bestMs / shareOfShort + besideMs + besideRoundTrips * roundTripMs
    const allowedMs = Math.max(bestMs / shareMin, shortMs)
    await this.#untilEqual(allowedMs * patienceFactor)
    this.#watching = false
    const tookMs = this.#world.scheduler.nowMs - this.#startedMs
    const says = (): string =>
      `${what}, ${usefulBytes} bytes, took ${Math.round(tookMs)} ms, ${Math.round(bestMs)} would do`
    expectThat(tookMs <= allowedMs, 'a narrow line is used', says)
    return { tookMs, share: bestMs / tookMs }
  }

  async #compare(): Promise<NarrowResult> {
    const table = this.#to.engine?.tableNamed('orders')
    const result = table === undefined ? undefined : await this.#to.replication?.compare(table)
    this.#watching = false
    expectThat(
      result !== undefined && result.differing.length === 0 && result.rows === this.#filling.count,
      'what is not damaged is not called different',
      () => `over a narrow line: ${JSON.stringify(result)}`,
    )
    return { tookMs: this.#world.scheduler.nowMs - this.#startedMs, share: 0 }
  }

  async #untilEqual(msMax: number): Promise<void> {
    const { scheduler } = this.#world
    const untilMs = scheduler.nowMs + msMax
    while (this.#items(this.#to) < this.#items(this.#from) || differenceOfTables(this.#world) !== undefined) {
      if (scheduler.nowMs > untilMs) throw new Violation('a narrow line is used', `${this.#case.what} has not arrived`)
      await scheduler.sleep(pollMs)
    }
  }

  #items({ engine }: SimulatedRegion): number {
    const table = engine?.tableNamed('orders')
    return table === undefined ? 0 : (engine?.size(table).items ?? 0)
  }

  #rowBytes(): number {
    const { engine } = this.#from
    const table = engine?.tableNamed('orders')
    const rows = engine === undefined || table === undefined ? [] : rowsOf(engine, table.id)
    return rows.reduce((sum, { key, row }) => sum + changeOverheadBytes + key.length + row.length, 0)
  }

  #streamedBytes(): number {
    const payloads = this.#world.network.server(this.#from.name).payloads()
    return payloads.reduce((sum, payload) => sum + payload.length + overheadBytes, 0)
  }
}

function withList(write: Write, elements: number): Write {
  const { key, table, keyAttributes } = write
  const item = { ...keyAttributes, many: { L: Array.from({ length: elements }, () => ({ NULL: true as const })) } }
  return { kind: 'put', key, table, keyAttributes, returnItemOnRefusal: true, item }
}
