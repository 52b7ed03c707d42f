/**
 * Deletes expired items (TTL). Each region deletes what it wrote last itself; what another replica wrote last it leaves to that one, until a
 * grace is over, or at once while that region cannot be heard or is no replica any more. A delete is an ordinary write with the cause `ttl`: it
 * goes to the peers, and it is refused when the item says another time by then.
 */
import { decodeItem } from '../../core/item/item-bytes.ts'
import {
  expiredSeconds,
  expirySecond,
  ttlDelaySeconds,
  ttlGraceSeconds,
  type UnixSecond,
} from '../../core/item/item-expiry.ts'
import type { RegionNumber } from '../../core/hybrid-logical-clock/stamp.ts'
import { readStamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { bodyOffset } from '../../core/item/row.ts'
import { keyAttributesOf } from '../../core/key/primary-key.ts'
import { isServed } from '../../core/table/departures.ts'
import type { Table } from '../../core/table/table.ts'
import type { Topology } from '../../core/topology.ts'
import type { Write } from '../../core/write/write.ts'
import type { Expiring, ExpiryEntry, ExpiryPlace, Items, ReadTables } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import { Retries } from '../retries.ts'
import { periodic } from '../periodic.ts'

export type ExpirySettings = {
  /** How long after its second an item is deleted at the earliest. */
  readonly delaySeconds: number
  /** How much longer a region waits with what another replica wrote last. */
  readonly graceSeconds: number
  /** Between two looks at all tables, in milliseconds; a second unless said otherwise. */
  readonly everyMs?: number
}

export const usualExpiry: ExpirySettings = { delaySeconds: ttlDelaySeconds, graceSeconds: ttlGraceSeconds }

export type ExpiryDeps = {
  readonly env: Pick<Env, 'clock' | 'log' | 'meter'>
  readonly engine: ReadTables & Items & Expiring
  readonly topology: Topology
  /** Whether a peer can be heard. */
  readonly hears: (region: string) => boolean
  readonly settings?: ExpirySettings | undefined
}

/** What one run has deleted, and whether it ended at a bound: then there may be more. */
export type ExpiryRun = { readonly deleted: number; readonly isWhole: boolean }

const usualEveryMs = 1000
/** Of one run, in all tables: items that are deleted, and entries of the index that are looked at. */
const deletesMax = 2000
const looksMax = 10_000
/** Entries of one step, whose deletes are durable before the next. */
const stepMax = 100

export class Expiry implements Service {
  readonly #deps: ExpiryDeps
  readonly #loop: Service
  readonly #retries: Retries
  /** The table that a run ended in at its bound: the next one begins there. */
  #first = ''

  constructor(deps: ExpiryDeps) {
    this.#deps = deps
    this.#retries = new Retries(deps.env)
    const everyMs = deps.settings?.everyMs ?? usualEveryMs
    this.#loop = periodic(deps.env.clock, { everyMs, run: (isStopped) => this.#runAll(isStopped) })
  }

  start(): void | Promise<void> {
    return this.#loop.start()
  }

  stop(): void | Promise<void> {
    return this.#loop.stop()
  }

  /** Deletes what of the table is expired at `now`, up to the bounds of one run. */
  async run(table: Table, now: UnixSecond): Promise<ExpiryRun> {
    return await this.#expire(table, now, { deletes: deletesMax, looks: looksMax })
  }

  async #runAll(isStopped: () => boolean): Promise<void> {
    const { engine, env } = this.#deps
    const all = engine.tables().filter(expires)
    const from = Math.max(
      0,
      all.findIndex(({ id }) => id === this.#first),
    )
    const budget = { deletes: deletesMax, looks: looksMax }
    const inTurn = [...all.slice(from), ...all.slice(0, from)]
    for (const [n, table] of inTurn.entries()) {
      if (isStopped()) return
      this.#first = table.id
      const run = this.#expire(table, Math.floor(env.clock.wallMs() / 1000), budget)
      const { deleted, isWhole } = await run.catch((error: unknown) => {
        this.#retries.note('expire', error, 'expired items wait', { table: table.name })
        return { deleted: 0, isWhole: true }
      })
      // Entries that nothing is deleted for must not keep other tables waiting.
      if (!isWhole && deleted === 0) this.#first = inTurn[n + 1]?.id ?? ''
      if (!isWhole) return
    }
  }

  /** Region by region of those that wrote something that expires, each in the order of time. */
  async #expire(table: Table, now: UnixSecond, budget: Budget): Promise<ExpiryRun> {
    const { engine } = this.#deps
    let deleted = 0
    let place: ExpiryPlace = { region: 0, second: 0 }
    for (;;) {
      const [found] = expires(table) ? engine.expiries(table, place, 1) : []
      if (found === undefined) return { deleted, isWhole: true }
      const { from, to } = expiredSeconds(this.#due(table, found.region, now))
      place = { region: found.region, second: from }
      for (;;) {
        if (budget.deletes <= 0 || budget.looks <= 0) return { deleted, isWhole: false }
        const countMax = Math.min(stepMax, budget.deletes, budget.looks)
        const entries = engine.expiries(table, place, countMax)
        const due = entries.filter(({ region, second }) => region === found.region && second <= to)
        budget.looks -= entries.length
        const gone = await this.#delete(table, due)
        budget.deletes -= gone
        deleted += gone
        const last = due.at(-1)
        if (last === undefined || due.length < countMax) break
        place = last
      }
      place = { region: found.region + 1, second: 0 }
    }
  }

  /** Up to which second this region deletes what that one wrote last. */
  #due(table: Table, region: RegionNumber, now: UnixSecond): UnixSecond {
    const { delaySeconds, graceSeconds } = this.#deps.settings ?? usualExpiry
    return now - delaySeconds - (this.#leavesTo(table, region) ? graceSeconds : 0)
  }

  #leavesTo(table: Table, number: RegionNumber): boolean {
    const { engine, topology, hears } = this.#deps
    if (number === engine.region.number) return false
    const writer = topology.regions.find((region) => region.number === number)?.name
    const replica = table.replicas.find(({ region }) => region === writer)
    return writer !== undefined && replica !== undefined && isServed(replica) && hears(writer)
  }

  async #delete(table: Table, entries: readonly ExpiryEntry[]): Promise<number> {
    const { engine, env } = this.#deps
    const writes = entries.flatMap((entry) => this.#deleteOf(table, entry) ?? [])
    if (writes.length === 0) return 0
    const results = await engine.commitEach(writes, 'ttl')
    const gone = results.filter((result) => result.accepted).length
    if (gone > 0) env.meter.count('longitude_time_to_live_deleted_total', { table: table.name }, gone)
    const failed = results.find((result) => 'failed' in result)
    if (failed !== undefined && 'failed' in failed) throw failed.failed
    return gone
  }

  /** Undefined where the entry is not of the item as it is now: another one is, or will be. */
  #deleteOf(table: Table, { key, region, second }: ExpiryEntry): Write | undefined {
    const row = this.#deps.engine.get(table, key)
    const attribute = table.expiry?.attribute
    if (row === undefined || attribute === undefined || readStamp(row, 1).region !== region) return undefined
    const item = decodeItem(row.subarray(bodyOffset(row)))
    const value = item[attribute]
    if (value === undefined || expirySecond(item, attribute) !== second) return undefined
    const keyAttributes = keyAttributesOf(table.key, item)
    const condition = { op: 'compare', comparator: '=', left: { path: [attribute] }, right: { value } } as const
    return { kind: 'delete', table: table.id, key, keyAttributes, condition }
  }
}

type Budget = { deletes: number; looks: number }

/** The index is whole, and clients may write to the table. */
function expires({ expiry, status }: Table): boolean {
  return expiry?.status === 'ACTIVE' && (status === 'ACTIVE' || status === 'UPDATING')
}
