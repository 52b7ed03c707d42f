/**
 * Writers in every region that remember what they were told, and the comparison with what is there in the end. Each
 * writer makes items of its own (some of which it deletes again) and overwrites a few hot ones that all regions write,
 * one request after the other: so of a hot item's writes by one writer, only the last accepted one, or one of unknown
 * fate, may be what is left. Every other accepted one must have been written over by somebody who was told so (ReturnValues),
 * or be in the conflict feed of a region.
 */
import type { ChaosRegion } from './chaos-region.ts'
import type { Deployment } from './deployment.ts'
import { NoAnswer, Refused, sendRequest } from './request.ts'
import { pause, until } from './until.ts'

const hotKeys = ['hot1', 'hot2', 'hot3']
const writersPerRegion = 3
const retryMs = 20
const convergeMsMax = 60_000

type Items = Map<string, string>

/** 'unknown': the connection ended, so it has happened or never will; 'late': there was no answer, so it may still happen. */
type Fate = 'accepted' | 'refused' | 'unknown' | 'late'

/** The last accepted value of a hot item, those of unknown fate since, and those that may come at any time. */
type HotFate = { readonly accepted: string | undefined; readonly unknown: string[]; readonly late: string[] }

export class Load {
  readonly #deployment: Deployment
  readonly #table: string
  readonly #writers: Writer[] = []

  constructor(deployment: Deployment, table: string) {
    this.#deployment = deployment
    this.#table = table
  }

  start(): void {
    for (const region of this.#deployment.regions)
      for (let n = 1; n <= writersPerRegion; n++)
        this.#writers.push(new Writer(region, { table: this.#table, name: `${region.name}-${n}` }))
    for (const writer of this.#writers) writer.start()
  }

  /** Accepted writes so far, of one region or of all. */
  accepted(region?: ChaosRegion): number {
    return this.#writers
      .filter((writer) => region === undefined || writer.region === region)
      .reduce((sum, writer) => sum + writer.accepted, 0)
  }

  /** Of the accepted writes since the last time that this was asked, all but one in twenty were as fast as this. */
  takeSlowMs(region: ChaosRegion): number {
    const own = this.#writers.filter((writer) => writer.region === region)
    const times = own.flatMap((writer) => writer.timesMs.splice(0)).toSorted((a, b) => a - b)
    return times[Math.floor(times.length * 0.95)] ?? 0
  }

  async stop(regions: readonly ChaosRegion[] = this.#deployment.regions): Promise<void> {
    await Promise.all(this.#writers.filter(({ region }) => regions.includes(region)).map((writer) => writer.stop()))
  }

  /** Writers that were stopped go on. */
  resume(regions: readonly ChaosRegion[]): void {
    for (const writer of this.#writers) if (regions.includes(writer.region)) writer.start()
  }

  /** Waits until the others have everything that was accepted in a region, whose writers have stopped. */
  async caughtUp(region: ChaosRegion, others: readonly ChaosRegion[]): Promise<void> {
    const own = this.#writers.filter((writer) => writer.region === region)
    for (const other of others)
      await until(`${other.name} has the writes of ${region.name}`, async () => {
        const items = await scan(other, this.#table).catch(notServedYet)
        return items !== undefined && own.every((writer) => writer.wrong(items) === undefined)
      })
  }

  /** Waits for the regions to agree; throws with the difference when they do not, or when an accepted write is missing. */
  async check(regions: readonly ChaosRegion[] = this.#deployment.regions): Promise<void> {
    let difference: string | undefined = 'nothing was compared'
    await until(
      'the regions agree',
      async () => {
        try {
          const all = await Promise.all(regions.map((region) => scan(region, this.#table)))
          difference = differenceOf(regions, all)
        } catch (error) {
          notServedYet(error)
          difference = String(error)
        }
        return difference === undefined
      },
      convergeMsMax,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${difference}\n${regions.map((region) => region.story()).join('\n--\n')}`)
    })
    const [first] = regions
    if (first === undefined) return
    const items = await scan(first, this.#table)
    for (const writer of this.#writers) {
      const wrong = writer.wrong(items)
      if (wrong !== undefined) throw new Error(wrong)
    }
    const lost = await this.#conflicts(regions)
    for (const key of hotKeys) this.#checkHot(items, key, lost.get(key) ?? new Set())
    const strange = [...lost.keys()].filter((key) => !hotKeys.includes(key))
    if (strange.length > 0) throw new Error(`conflicts on items of one writer each: ${strange.join(', ')}`)
    await this.#deployment.verified(this.#table)
  }

  /** With a disk the conflict feed on it is gone, and so what it told of; and a feed forgets its oldest beyond a hundred thousand. */
  feedsLost = false

  /** Values that lost, by key, from all feeds. */
  async #conflicts(regions: readonly ChaosRegion[]): Promise<Map<string, Set<string>>> {
    const lost = new Map<string, Set<string>>()
    for (const region of regions) {
      const oldest = ((await region.admin('conflicts')) as FeedPage).conflicts[0]
      if (oldest !== undefined && oldest.number > 1) this.feedsLost = true
      for (let after = 0; ;) {
        const page = (await region.admin(`conflicts?table=${this.#table}&after=${after}`)) as FeedPage
        for (const { key, lost: write } of page.conflicts) {
          const values = lost.get(key.id.S) ?? new Set()
          lost.set(key.id.S, values.add(write.item?.v?.S ?? ''))
        }
        if (page.next === after) break
        after = page.next
      }
    }
    return lost
  }

  #checkHot(items: Items, key: string, lost: ReadonlySet<string>): void {
    const value = items.get(key)
    const possible = new Set(this.#writers.flatMap((writer) => writer.possible(key)))
    if (value === undefined ? this.#writers.some((writer) => writer.hasWritten(key)) : !possible.has(value))
      throw new Error(`${key} is ${value}, which no writer left there; possible are ${[...possible].join(', ')}`)
    const writes = this.#writers.flatMap((writer) => writer.hotWrites(key))
    const replaced = new Set(writes.map((write) => write.replaced))
    const missing = writes.filter(
      (write) => write.value !== value && !lost.has(write.value) && !replaced.has(write.value),
    )
    // A write whose answer was lost may have been made over one of these, and told nobody.
    const silent = this.#writers.reduce((sum, writer) => sum + writer.unanswered(key), 0)
    if (missing.length > silent && !this.feedsLost)
      throw new Error(
        `${key}: ${missing.length} accepted writes are neither there nor written over nor in a conflict feed, and only ` +
          `${silent} had no answer: ${missing.map((write) => write.value).join(', ')}`,
      )
  }
}

/** A region that is being filled again serves the table only once it is complete. */
function notServedYet(error: unknown): undefined {
  if (!(error instanceof Refused)) throw error
  return undefined
}

type FeedPage = {
  readonly conflicts: readonly {
    readonly number: number
    readonly key: { readonly id: { readonly S: string } }
    readonly lost: { readonly item: { readonly v?: { readonly S: string } } | null }
  }[]
  readonly next: number
}

/** An accepted write of a hot item, and the value that it took the place of. */
type HotWrite = { readonly value: string; readonly replaced: string | undefined }

class Writer {
  readonly region: ChaosRegion
  accepted = 0
  readonly timesMs: number[] = []
  readonly #name: string
  readonly #table: string
  #count = 0
  #stopped = false
  #running: Promise<void> = Promise.resolve()
  /** Own items as they must be; undefined: deleted. Those of unknown fate are not here. */
  readonly #own = new Map<string, string | undefined>()
  readonly #hot = new Map<string, HotFate>()
  readonly #hotWrites = new Map<string, HotWrite[]>()
  readonly #unanswered = new Map<string, number>()

  constructor(region: ChaosRegion, { name, table }: { name: string; table: string }) {
    this.region = region
    this.#name = name
    this.#table = table
  }

  start(): void {
    this.#stopped = false
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#count++
      const turn = this.#count % 4
      if (turn === 0) await this.#hotWrite(hotKeys[(this.#count / 4) % hotKeys.length] ?? 'hot1')
      else if (turn === 3) await this.#delete(`${this.#name}-${this.#count - 2}`)
      else await this.#put(`${this.#name}-${this.#count}`)
    }
  }

  possible(key: string): string[] {
    const hot = this.#hot.get(key)
    if (hot === undefined) return []
    return [...(hot.accepted === undefined ? [] : [hot.accepted]), ...hot.unknown, ...hot.late]
  }

  hasWritten(key: string): boolean {
    return this.#hot.get(key)?.accepted !== undefined
  }

  hotWrites(key: string): readonly HotWrite[] {
    return this.#hotWrites.get(key) ?? []
  }

  unanswered(key: string): number {
    return this.#unanswered.get(key) ?? 0
  }

  /** The first own item that is not as it was accepted. */
  wrong(items: Items): string | undefined {
    for (const [key, value] of this.#own)
      if (items.get(key) !== value)
        return `${key} was accepted as ${value ?? 'deleted'} by ${this.region.name} and is ${items.get(key)}`
    return undefined
  }

  async #put(key: string): Promise<void> {
    const value = `${this.#count}`
    this.#own.delete(key)
    if ((await this.#write('PutItem', { Item: { id: { S: key }, v: { S: value } } })) === 'accepted')
      this.#own.set(key, value)
  }

  async #delete(key: string): Promise<void> {
    if (!this.#own.has(key)) return
    this.#own.delete(key)
    if ((await this.#write('DeleteItem', { Key: { id: { S: key } } })) === 'accepted') this.#own.set(key, undefined)
  }

  async #hotWrite(key: string): Promise<void> {
    const value = `${this.#name}:${this.#count}`
    const hot = this.#hot.get(key) ?? { accepted: undefined, unknown: [], late: [] }
    this.#hot.set(key, hot)
    const answer: { Attributes?: { v: { S: string } } } = {}
    const fate = await this.#write(
      'PutItem',
      { Item: { id: { S: key }, v: { S: value } }, ReturnValues: 'ALL_OLD' },
      answer,
    )
    if (fate === 'accepted') {
      this.#hot.set(key, { ...hot, accepted: value, unknown: [] })
      const writes = this.#hotWrites.get(key) ?? []
      writes.push({ value, replaced: answer.Attributes?.v.S })
      this.#hotWrites.set(key, writes)
    } else if (fate !== 'refused') {
      hot[fate].push(value)
      this.#unanswered.set(key, this.unanswered(key) + 1)
    }
  }

  async #write(operation: string, input: object, answer: object = {}): Promise<Fate> {
    const startedMs = performance.now()
    try {
      Object.assign(answer, await sendRequest(this.region.endpoint, operation, { TableName: this.#table, ...input }))
      this.accepted++
      this.timesMs.push(performance.now() - startedMs)
      return 'accepted'
    } catch (error) {
      await pause(retryMs)
      if (error instanceof Refused) return error.status < 500 ? 'refused' : 'unknown'
      return error instanceof NoAnswer ? 'late' : 'unknown'
    }
  }
}

async function scan(region: ChaosRegion, table: string): Promise<Items> {
  const items: Items = new Map()
  let start: object | undefined
  do {
    const page = await sendRequest(region.endpoint, 'Scan', {
      TableName: table,
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    })
    for (const item of page['Items'] as { id: { S: string }; v: { S: string } }[]) items.set(item.id.S, item.v.S)
    start = page['LastEvaluatedKey'] as object | undefined
  } while (start !== undefined)
  return items
}

function differenceOf(regions: readonly ChaosRegion[], all: readonly Items[]): string | undefined {
  const [first, ...others] = all
  if (first === undefined) return undefined
  for (const [n, other] of others.entries())
    for (const key of new Set([...first.keys(), ...other.keys()]))
      if (first.get(key) !== other.get(key))
        return `${key} is ${first.get(key)} in ${regions[0]?.name} and ${other.get(key)} in ${regions[n + 1]?.name}`
  return undefined
}
