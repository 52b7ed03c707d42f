/**
 * Brings every table to the state that its registers ask for: operations and peers only state what shall be, and the
 * caretaker, looking after each change and after each start, does what is still owed. So a state that takes a while
 * (CREATING, UPDATING, DELETING; an index being filled) survives a restart at any moment, and an index that arrives
 * from a peer is filled here as one made here is.
 *
 *   table CREATING, UPDATING   ACTIVE when what it waits for has lasted, and once no index of a new table, and no other replica, is CREATING
 *   table marked for an audit  its index rows and counts made to follow from its rows again
 *   table DELETING             rows, index rows and registers removed, unless it may stay (core/table/departures.ts), once no backup copies it
 *   index CREATING             filled from the table, then ACTIVE when its creation has lasted
 *   index UPDATING             ACTIVE when the change has lasted
 *   index DELETING             its rows removed, then its local register
 *   time to live               the expiry index begun, filled and removed as the setting asks
 *   leftover                   the rows of a former index removed, then the note of it
 *
 * How long a state lasts is said by core/table/waits.ts, by the timing of the region.
 */
import {
  leftoverRegister,
  localIndexRegister,
  type LocalIndexRegister,
  type RegisterValues,
} from '../../core/table/registers.ts'
import { type Index, isGoing, type Table, type TableId } from '../../core/table/table.ts'
import { type Begun, type Timing, waitRestMs } from '../../core/table/waits.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import type { Engine } from '../../engine/engine.ts'

type Care = {
  readonly engine: Engine
  readonly env: Pick<Env, 'clock' | 'log' | 'meter'>
  readonly region: string
  readonly timing: Timing
}

const retryMs = 1000

/**
 * Starts once the engine is open. What is in flight when it stops ends when the engine is closed; only after `ended` may the store
 * be closed.
 */
export class Caretaker implements Service {
  private readonly care: Care
  /** What is being done, by table and thing: one hand on each. */
  private readonly busy = new Set<string>()
  /** Indexes that this process has filled, and that are CREATING still. */
  private readonly filled = new Set<string>()
  /** Changes of tables that were looked at. */
  private seen = -1
  private readonly working = new Set<Promise<void>>()
  private stopped = false
  private unsubscribe = (): void => undefined

  constructor(care: Care) {
    this.care = care
  }

  start(): void {
    this.unsubscribe = this.care.engine.onFlushed(() => this.look())
    this.look()
    for (const table of this.care.engine.tablesToAudit()) this.undertake(table, 'audit', () => this.audit(table.id))
    // An older version has left an order to leave without a word.
    for (const { id, replicas } of this.care.engine.tables())
      if (replicas.some(({ mayStay }) => mayStay === true)) this.settle(id)
  }

  stop(): void {
    this.stopped = true
    this.unsubscribe()
  }

  /** Resolves when nothing is in flight any more. */
  async ended(): Promise<void> {
    await Promise.all(this.working)
  }

  private look(): void {
    const { engine } = this.care
    const changes = engine.tableChanges.count
    if (changes === this.seen || this.stopped) return
    const changed = this.seen < 0 ? undefined : engine.tableChanges.since(this.seen)
    this.seen = changes
    if (changed === undefined) for (const table of engine.tables()) this.consider(table)
    else for (const id of changed) this.lookAt(id)
  }

  private lookAt(id: TableId): void {
    const table = this.care.engine.tableWithId(id)
    if (table !== undefined) this.consider(table)
  }

  private consider(table: Table): void {
    if (table.status === 'DELETING') {
      // Backups outlive their table.
      if (isGoing(table) && table.snapshots === undefined)
        this.undertake(table, 'remove', () => this.remove(table), table.underWay)
      return
    }
    for (const index of table.indexes) this.considerIndex(table, index)
    for (const number of table.leftovers ?? [])
      this.undertake(table, `clear ${number}`, () => this.clear(table, number))
    this.considerExpiry(table)
    if (this.isReady(table))
      this.undertake(table, 'activate', () => this.activate(table.id, table.underWay), table.underWay)
  }

  private considerIndex(table: Table, index: Index): void {
    const { number, status, backfilling, underWay } = index
    const settle = (): Promise<void> => this.settleIndex(table.id, index)
    if (status === 'UPDATING') this.undertake(table, `settle ${number}`, settle, underWay)
    if (status === 'DELETING') this.undertake(table, `drop ${number}`, () => this.drop(table, index), underWay)
    if (status !== 'CREATING') return
    if (this.filled.has(nameOf(table.id, index))) this.undertake(table, `settle ${number}`, settle, underWay)
    else this.undertake(table, `fill ${number}`, () => this.fill(table.id, index), backfilling ? undefined : underWay)
  }

  private considerExpiry(table: Table): void {
    const next = nextOfExpiry(table)
    if (next !== undefined) this.undertake(table, 'expiry', () => this.expiry(table.id))
  }

  private async expiry(id: TableId): Promise<void> {
    const { engine } = this.care
    const table = engine.tableWithId(id)
    const next = table === undefined ? undefined : nextOfExpiry(table)
    if (next === undefined) return
    if (next === 'fill') await engine.backfill(id, 'expiry')
    if (next === 'remove' || next === 'begin') await engine.removePart(id, 'expiry')
    // Meanwhile the setting may be another.
    const now = engine.tableWithId(id)
    if (now === undefined || nextOfExpiry(now) !== next) return
    await engine.define(id, [{ register: 'local/expiry', value: expiryAfter(now, next) }])
  }

  private isReady(table: Table): boolean {
    if (table.status === 'CREATING')
      return (
        own(table, this.care.region) !== 'CREATING' &&
        table.indexes.every((index) => index.status !== 'CREATING') &&
        (table.restore === undefined || table.restore.isDone === true)
      )
    return (
      table.status === 'UPDATING' &&
      table.replicas.every(
        (replica) =>
          replica.status !== 'CREATING' && (replica.region !== this.care.region || replica.keepsTable !== true),
      )
    )
  }

  /** When `begun` has lasted, unless the same is under way; looks again afterwards, since more may be owed. */
  private undertake(table: Table, what: string, work: () => Promise<void>, begun?: Begun): void {
    const name = `${table.id} ${what}`
    if (this.busy.has(name)) return
    this.busy.add(name)
    const { timing, env } = this.care
    env.clock.after(waitRestMs(begun, timing, env.clock.wallMs()), () => {
      if (this.stopped) return
      const working = work().then(
        () => this.finish(name, table.id),
        (error: unknown) => {
          if (this.stopped) return
          this.care.env.log.warn('table change failed, trying again', { table: table.name, what, error: String(error) })
          this.care.env.clock.after(retryMs, () => this.finish(name, table.id))
        },
      )
      this.working.add(working)
      void working.then(() => this.working.delete(working))
    })
  }

  private finish(name: string, id: TableId): void {
    this.busy.delete(name)
    if (!this.stopped) this.lookAt(id)
  }

  /** Not when another change has begun meanwhile: that has its own time. */
  private async activate(id: string, begun: Begun | undefined): Promise<void> {
    const table = this.care.engine.tableWithId(id)
    if (table === undefined || !this.isReady(table) || !isSame(table.underWay, begun)) return
    const value: RegisterValues['local/status'] = { status: 'ACTIVE', sinceMs: this.care.env.clock.wallMs() }
    await this.care.engine.define(id, [{ register: 'local/status', value }])
  }

  private async audit(id: string): Promise<void> {
    await this.care.engine.audit(id)
  }

  private settle(id: TableId): void {
    void this.care.engine.define(id, []).catch((error: unknown) => {
      if (!this.stopped) this.care.env.log.warn('an order to leave waits', { table: id, error: String(error) })
    })
  }

  private async remove(table: Table): Promise<void> {
    // The order to leave may have been withdrawn meanwhile.
    const now = this.care.engine.tableWithId(table.id)
    if (now === undefined || !isGoing(now)) return
    await this.care.engine.removeTable(table.id)
    if (this.care.engine.tableNamed(table.name) === undefined) this.care.env.meter.forget({ table: table.name })
    this.care.env.log.info('table removed', { table: table.name })
  }

  private async fill(id: TableId, { number, name }: Index): Promise<void> {
    const { engine, env } = this.care
    const before = this.indexNumbered(id, number)
    if (before?.status !== 'CREATING') return
    const sinceMs = before.underWay?.beganMs ?? env.clock.wallMs()
    const value: LocalIndexRegister = { id: before.id, number, status: 'CREATING', backfilling: true, sinceMs }
    await engine.define(id, [{ register: localIndexRegister(name), value }])
    const index = this.indexNumbered(id, number)
    if (index?.status !== 'CREATING') return
    await engine.backfill(id, number)
    this.filled.add(nameOf(id, index))
  }

  private async settleIndex(id: TableId, { number, name }: Index): Promise<void> {
    const { engine, env } = this.care
    const index = this.indexNumbered(id, number)
    if (index === undefined) return
    if (index.status === 'CREATING' || index.status === 'UPDATING') {
      const sinceMs = env.clock.wallMs()
      const value: LocalIndexRegister = { id: index.id, number, status: 'ACTIVE', backfilling: false, sinceMs }
      await engine.define(id, [{ register: localIndexRegister(name), value }])
    }
    // Not before it is ACTIVE: a look meanwhile would fill it again, and again.
    this.filled.delete(nameOf(id, index))
  }

  private indexNumbered(id: TableId, number: number): Index | undefined {
    return this.care.engine.tableWithId(id)?.indexes.find((candidate) => candidate.number === number)
  }

  private async drop(table: Table, index: Index): Promise<void> {
    await this.care.engine.removePart(table.id, index.number)
    // Meanwhile another may have been made under the same name, with rows of its own.
    const { name, number } = index
    this.filled.delete(nameOf(table.id, index))
    await this.care.engine.define(table.id, [{ register: localIndexRegister(name), value: undefined, number }])
  }

  private async clear(table: Table, number: number): Promise<void> {
    await this.care.engine.removePart(table.id, number)
    await this.care.engine.define(table.id, [{ register: leftoverRegister(number), value: undefined }])
  }
}

type ExpiryStep = 'begin' | 'fill' | 'end' | 'remove'

/** What is owed next, so that the expiry index is as the setting asks. */
function nextOfExpiry({ status, expiry, settings: { timeToLive } }: Table): ExpiryStep | undefined {
  const wanted = timeToLive?.enabled === true ? timeToLive.attribute : undefined
  if (expiry === undefined) return wanted === undefined || status === 'CREATING' ? undefined : 'begin'
  if (expiry.status === 'GOING') return 'remove'
  if (expiry.attribute !== wanted) return 'end'
  return expiry.status === 'FILLING' ? 'fill' : undefined
}

function expiryAfter({ expiry, settings }: Table, step: ExpiryStep): RegisterValues['local/expiry'] | undefined {
  if (step === 'remove') return undefined
  const attribute = step === 'begin' ? settings.timeToLive?.attribute : expiry?.attribute
  const status = { begin: 'FILLING', fill: 'ACTIVE', end: 'GOING' } as const
  return attribute === undefined ? undefined : { attribute, status: status[step] }
}

const nameOf = (table: TableId, { number }: Pick<Index, 'number'>): string => `${table} ${number}`

const isSame = (a: Begun | undefined, b: Begun | undefined): boolean => a?.wait === b?.wait && a?.beganMs === b?.beganMs

const own = (table: Table, region: string): string | undefined =>
  table.replicas.find((replica) => replica.region === region)?.status
