/**
 * Opens the engine of a region on its store. A store that its own structure or content proves damaged is replaced by a new one, and what
 * is left of the damaged one is brought in while peers fill the rest.
 */
import type { LmdbStore } from '../../adapters/lmdb/lmdb-store.ts'
import { InvariantViolation } from '../../core/assert.ts'
import { checkContent } from '../../engine/store/content.ts'
import type { Engine } from '../../engine/engine.ts'
import { ForeignStore } from '../../engine/store/identity.ts'
import { incompleteStatus, Leftovers } from '../../engine/store/leftovers.ts'
import { type EngineOptions, openEngine } from '../../engine/open-engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import type { Store } from '../../ports/store.ts'
import { Failure, messageOf } from '../../process/failure.ts'
import type { DamageReport, Remains, RegionStore } from './region-store.ts'

export type OwnEngine = {
  readonly store: LmdbStore
  readonly env: Env
  readonly engine: Engine
  readonly recovery: Recovery
}

/** Rejects with a Failure for a store of another region or version. */
export async function openOwnEngine(
  regionStore: RegionStore,
  around: Omit<Env, 'store'>,
  options: EngineOptions,
): Promise<OwnEngine> {
  const { store, env, engine } = await openOn(regionStore, around, options)
  return { store, env, engine, recovery: new Recovery({ regionStore, env, engine }) }
}

type Opened = Pick<OwnEngine, 'store' | 'env' | 'engine'>

async function openOn(regionStore: RegionStore, around: Omit<Env, 'store'>, options: EngineOptions): Promise<Opened> {
  const store = await regionStore.open()
  let engine: Engine | undefined
  try {
    const env = { ...around, store: regionStore.inner(store) }
    engine = await openEngine(env, options)
    if (regionStore.isSuspect) await readAll(env.store, env.clock, regionStore)
    return { store, env, engine }
  } catch (error) {
    await engine?.close()
    await store.close()
    if (error instanceof ForeignStore) throw new Failure(error.message)
    if (!isOfContent(error)) throw error
    const fresh = await regionStore.replace(`The data in ${regionStore.folder} is damaged (${messageOf(error)}).`)
    const env = { ...around, store: regionStore.inner(fresh) }
    return { store: fresh, env, engine: await openEngine(env, options) }
  }
}

/** Rejects with the name of the first record that does not decode. */
async function readAll(store: Store, clock: Env['clock'], regionStore: RegionStore): Promise<void> {
  for (const _ of checkContent(store)) {
    regionStore.progress()
    await clock.sleep(0)
  }
}

/** What decoding throws: the structure holds, and what is in it is not what we have written. */
export function isOfContent(error: unknown): boolean {
  return [SyntaxError, RangeError, TypeError, InvariantViolation].some((kind) => error instanceof kind)
}

/** For people: what was damaged, and what is still missing of it. */
export type DamageNotice = {
  readonly foundMs: number
  readonly reason: string
  readonly folder: string
  /** Tables that are being filled again, now. */
  readonly filling: number
  /** Tables that lost items for good and are not served until a repair accepts them. */
  readonly incomplete: readonly string[]
}

type Parts = { readonly regionStore: RegionStore; readonly env: Env; readonly engine: Engine }

const lookMs = 1000

/** What is brought of a damaged store while the region runs. */
export type RegionRecovery = Service & Pick<Recovery, 'leftovers' | 'notice'>

class Recovery implements Service {
  readonly #parts: Parts
  readonly #report: DamageReport | undefined
  #leftovers: Leftovers | undefined
  #remains: Remains | undefined
  #cancel = (): void => undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.#report = parts.regionStore.damage()
  }

  get leftovers(): Leftovers | undefined {
    return this.#leftovers
  }

  /** Brings what is left of this region's own tables, before anything is served. A copy that cannot be read stops no start. */
  async start(): Promise<void> {
    const report = this.#report
    if (report === undefined || report.isRestored) return
    const { env, engine } = this.#parts
    const timer = setInterval(() => this.#parts.regionStore.progress(), lookMs)
    try {
      this.#remains = this.#parts.regionStore.remains(report)
      this.#leftovers = new Leftovers({ engine, clock: env.clock, log: env.log }, this.#remains)
      await this.#leftovers.begin()
      this.#watch(report)
    } catch (error) {
      env.log.error('what is left of the damaged store cannot be read', {
        folder: report.folder,
        error: messageOf(error),
      })
    } finally {
      clearInterval(timer)
    }
  }

  /** Undefined once the operator has removed the damaged store and nothing is missing. */
  notice(): DamageNotice | undefined {
    const { engine, regionStore } = this.#parts
    const tables = engine.tables()
    const incomplete = tables.flatMap(({ name, status }) => (status === incompleteStatus ? [name] : []))
    const report = this.#report
    if (report === undefined || (incomplete.length === 0 && regionStore.damage() === undefined)) return undefined
    const isFilling = ({ replicas }: (typeof tables)[number]): boolean =>
      replicas.some(({ region, status }) => region === engine.region.name && status === 'CREATING')
    const { foundMs, reason, folder } = report
    return { foundMs, reason, folder, filling: tables.filter(isFilling).length, incomplete }
  }

  stop(): void {
    this.#cancel()
    this.#remains?.close()
    this.#remains = undefined
  }

  #watch(report: DamageReport): void {
    if (this.#leftovers?.isDone !== true) {
      this.#cancel = this.#parts.env.clock.after(lookMs, () => this.#watch(report))
      return
    }
    this.#parts.regionStore.restored(report.folder)
    this.stop()
  }
}
