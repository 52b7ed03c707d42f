/** A region's engine on its own store: the parts, put together. */
import type { Change, Position } from '../core/change/change.ts'
import type { KeyedRow } from '../core/change/rows.ts'
import type { ClockState } from '../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import type { Stamp } from '../core/hybrid-logical-clock/stamp.ts'
import type { Page, ReadPlan } from '../core/read/read-plan.ts'
import type { Index, Table, TableId, TablePart } from '../core/table/table.ts'
import type { Turns } from '../core/turns.ts'
import type { Write } from '../core/write/write.ts'
import type { Env } from '../ports/env.ts'
import type { EngineOptions } from './assemble.ts'
import { DurableState } from './durable-state.ts'
import { LocalArchive } from './archive/local-archive.ts'
import { Audits } from './derived/derived-audit.ts'
import { collectionSizeIn } from './derived/collections.ts'
import { Commands } from './commands/commands.ts'
import { numberRegister } from './tables/catalog.ts'
import { forgottenFrom, horizonFrom, sizeFrom } from './derived/counts.ts'
import { readExpiries } from './derived/expiry-rows.ts'
import type {
  ApplyResult,
  ForgottenElsewhere,
  Mending,
  OwnCause,
  RegisterEdit,
  RemoteBatch,
  Command,
  ResultOf,
  Submit,
} from './commands/command.ts'
import type { Cursor } from '../core/change/place.ts'
import type {
  Conflict,
  Engine,
  ExpiryEntry,
  ExpiryPlace,
  FeedCount,
  OwnBounds,
  VisitRecord,
  OverruledSetting,
  SetAside,
  StoreLineage,
} from './engine.ts'
import { countOf, readConflicts, readOverruled, readSetAside } from './feed.ts'
import { backfill, emptyTable, removePart, removeTable, removeTombstones } from './tables/jobs.ts'
import { collectionKey, countsKey } from './store/keys.ts'
import { type ReplicaState, takeState } from './order/replica-state.ts'
import { LocalOrder } from './order/local-order.ts'
import { readLog, trimLog, visitOwnLog } from './log/log.ts'
import { isRowOf } from './commands/mend.ts'
import { OwnLineage } from './store/own-lineage.ts'
import { FormerItems } from './former-items.ts'
import { isServed, readPage, readRow, readRows, sharedRegisters } from './read.ts'
import { RegionNumbers } from './store/region-numbers.ts'
import { LogRetention } from './log/retention.ts'
import { inGroup, probeStore, putNotes, readNote, type State } from './state.ts'
import { LocalStreams } from './streams/local-streams.ts'
import type { Trouble } from './trouble.ts'

export class LocalEngine implements Engine {
  readonly region: Engine['region']
  readonly regionNumbers: RegionNumbers
  readonly lineage: StoreLineage
  readonly retention: LogRetention
  readonly damage: Engine['damage']
  readonly tableChanges: Engine['tableChanges']
  readonly streams: Engine['streams']
  readonly archive: Engine['archive']
  readonly orderRecord: Engine['orderRecord']
  readonly groupedTables: Engine['groupedTables']
  readonly former: Engine['former']
  readonly pace: Engine['pace']
  readonly #durable: DurableState
  readonly #state: State
  readonly #audits: Audits
  readonly #commands: Commands

  constructor(env: Env, options: EngineOptions, epoch: string) {
    this.region = options.topology.self
    this.#durable = new DurableState(env, options, {
      epoch,
      onStopped: () => this.#commands.stop(),
      onReverted: () => this.#commands.followAgain(),
    })
    this.#state = this.#durable.state
    const flushed = (): Position => this.flushed()
    this.#commands = new Commands(this.#state, options.order ?? new LocalOrder(env.clock), options.latest)
    this.#audits = new Audits(this.#state)
    this.regionNumbers = new RegionNumbers(this.#state)
    this.retention = new LogRetention({ state: this.#state, oldest: () => this.oldest(), flushed })
    this.damage = this.#state.damage
    this.pace = this.#state.pace
    this.tableChanges = this.#state.catalog.changes
    this.lineage = new OwnLineage({ state: this.#state, random: env.random, flushed })
    this.archive = new LocalArchive(this.#state)
    this.orderRecord = () => this.#state.orderBook.told(this.#state.store)
    this.groupedTables = () => this.#state.catalog.grouped
    this.former = new FormerItems(this.#state)
    this.streams = new LocalStreams({ state: this.#state, commands: this.#commands, retention: this.retention })
  }

  get epoch(): string {
    return this.#state.lineage.epoch
  }

  tableNamed(name: string): Table | undefined {
    return this.#state.catalog.named(name)
  }

  tableWithId(id: TableId): Table | undefined {
    return this.#state.catalog.withId(id)
  }

  tables(): readonly Table[] {
    return this.#state.catalog.tables()
  }

  define(id: TableId, edits: readonly RegisterEdit[]): Promise<void> {
    return this.submit({ kind: 'define', table: id, edits })
  }

  detach(id: TableId, own: TableId): Promise<void> {
    return this.submit({ kind: 'detach', table: id, own })
  }

  forgetRegisters(id: TableId, upTo: Stamp, left: readonly string[] = []): Promise<number> {
    return this.submit({ kind: 'forgetRegisters', table: id, horizon: { upTo, left } })
  }

  removeTable(id: TableId, progress?: (rows: number) => void): Promise<void> {
    return removeTable(this.#job, id, progress)
  }

  removePart(id: TableId, part: TablePart, progress?: (rows: number) => void): Promise<void> {
    return removePart(this.#state, id, part, progress)
  }

  backfill(id: TableId, part: TablePart, progress?: (rows: number) => void): Promise<void> {
    return backfill(this.#state, id, part, progress)
  }

  submit<One extends Command>(command: One): Promise<ResultOf<One>> {
    return this.#commands.submit(command)
  }

  barrier(): Promise<void> {
    return this.#commands.barrier()
  }

  commit(writes: readonly Write[], cause: OwnCause = 'client'): ReturnType<Engine['commit']> {
    return this.submit({ kind: 'commit', writes, cause })
  }

  commitEach(writes: readonly Write[], cause: OwnCause = 'client'): ReturnType<Engine['commitEach']> {
    return this.submit({ kind: 'each', writes, cause })
  }

  commitOnce(writes: readonly Write[], token: Parameters<Engine['commitOnce']>[1]): ReturnType<Engine['commitOnce']> {
    return this.submit({ kind: 'once', writes, token })
  }

  get(table: Table, key: Buffer): Buffer | undefined {
    return this.#state.damage.noting(() => readRow(this.#state.store, table, key))
  }

  expiries(table: Table, after: ExpiryPlace, countMax: number): readonly ExpiryEntry[] {
    return readExpiries(this.#state, table, after, countMax)
  }

  read(plan: ReadPlan): Turns<Page> {
    const { store, damage } = this.#state
    return damage.notingTurns(readPage(store, plan, () => this.serves(plan.table, plan.index)))
  }

  serves(table: Table, index?: Index): boolean {
    return isServed(this.tableWithId(table.id), table, index)
  }

  size(table: Table, index?: Index): { readonly items: number; readonly bytes: number } {
    return sizeFrom(this.#state.store.get(countsKey(table.number)), index)
  }

  collectionSizeBytes(table: Table, key: Buffer): number {
    return collectionSizeIn(this.#state.damage.noting(() => this.#state.store.get(collectionKey(table.number, key))))
  }

  flushed(): Position {
    return this.#durable.flushed
  }

  oldest(): Position {
    return this.#durable.oldest
  }

  readLog(after: Position, changesMax: number, bytesMax: number): readonly Change[] {
    const bounds = { after, upTo: this.flushed(), changesMax, bytesMax }
    return this.#state.damage.noting(() => readLog(this.#state, bounds))
  }

  visitOwnLog(bounds: OwnBounds, visit: VisitRecord): Position {
    return this.#state.damage.noting(() => visitOwnLog(this.#state, bounds, this.flushed(), visit))
  }

  onFlushed(listener: () => void): () => void {
    return this.#durable.onFlushed(listener)
  }

  trimLog(upTo: Position): Promise<void> {
    return trimLog(this.#state, upTo, () => this.flushed())
  }

  emptyTable(id: TableId, progress?: (rows: number) => void): Promise<void> {
    return emptyTable(this.#job, id, progress)
  }

  apply(batch: RemoteBatch, sequence: number): Promise<ApplyResult> {
    return this.submit({ kind: 'apply', batch, sequence })
  }

  knownTables(): readonly TableId[] {
    return this.#state.catalog.shared()
  }

  registers(id: TableId): readonly KeyedRow[] {
    return sharedRegisters(this.#state.store, id)
  }

  mergeRegisters(id: TableId, rows: readonly KeyedRow[]): Promise<void> {
    return this.#commands.mergeRegisters(id, rows)
  }

  merge(id: TableId, rows: readonly KeyedRow[]): Promise<void> {
    return this.#commands.merge(id, rows, false)
  }

  restore(id: TableId, rows: readonly KeyedRow[]): Promise<void> {
    return this.#commands.merge(id, rows, true)
  }

  mend(id: TableId, key: Buffer, mending: Mending): Promise<boolean> {
    return this.submit({ kind: 'mend', table: id, key, mending })
  }

  audit(id: TableId): Promise<number> {
    return this.#audits.run(id)
  }

  tablesToAudit(): readonly Table[] {
    return this.#audits.marked(this.tables())
  }

  isRowOf(id: TableId, key: Buffer, row: Buffer): boolean {
    return isRowOf(this.#state, id, key, row)
  }

  rows(id: TableId, after: Buffer | undefined, rowsMax: number, bytesMax: number): readonly KeyedRow[] {
    const table = this.tableWithId(id)
    return table === undefined ? [] : readRows(this.#state.store, table, { after, rowsMax, bytesMax })
  }

  cursor(origin: string): Cursor | undefined {
    return this.#state.cursors.durable(origin)
  }

  async setCursor(origin: string, cursor: Cursor, notes: readonly (readonly [string, unknown])[] = []): Promise<void> {
    await this.submit({ kind: 'cursor', origin, cursor, notes })
  }

  note(name: string): unknown {
    return readNote(this.#state.store, name)
  }

  async setNote(name: string, value: unknown, more: readonly (readonly [string, unknown])[] = []): Promise<void> {
    await inGroup(this.#state, (group) => putNotes(this.#state, group, [[name, value], ...more]))
  }

  horizon(id: TableId): Stamp | undefined {
    const table = this.tableWithId(id)
    return table === undefined ? undefined : horizonFrom(this.#state.store.get(countsKey(table.number)))
  }

  raiseHorizon(id: TableId, upTo: Stamp): Promise<void> {
    return this.submit({ kind: 'horizon', table: id, upTo })
  }

  forgotten(id: TableId): Stamp | undefined {
    const number = this.#state.catalog.registers(id).get(numberRegister) as number | undefined
    return number === undefined ? undefined : forgottenFrom(this.#state.store.get(countsKey(number)))
  }

  followForgetting(id: TableId, forgotten: ForgottenElsewhere): Promise<number> {
    return this.submit({ kind: 'followForgetting', table: id, forgotten })
  }

  removeTombstones(id: TableId, upTo: Stamp, rowsMax: number): Promise<number> {
    return removeTombstones(this.#job, { table: id, upTo }, rowsMax)
  }

  clock(): ClockState {
    return this.#durable.clock
  }

  followClock(seen: ClockState): void {
    void this.submit({ kind: 'clock', seen }).catch(() => undefined)
  }

  conflicts(after: number, countMax: number): readonly Conflict[] {
    return readConflicts(this.#state, after, countMax)
  }

  setAside(after: number, countMax: number): readonly SetAside[] {
    return readSetAside(this.#state, after, countMax)
  }

  setAsideCount(): FeedCount {
    return countOf(this.#state.head.setAside)
  }

  overruled(after: number, countMax: number): readonly OverruledSetting[] {
    return readOverruled(this.#state, after, countMax)
  }

  overruledCount(): FeedCount {
    return countOf(this.#state.head.overruled)
  }

  trouble(): Trouble | undefined {
    return this.#durable.trouble
  }

  probe(): Promise<void> {
    return probeStore(this.#state, this.#durable.probeSizeBytes)
  }

  /** Begins to decide what is ordered; everything is loaded. */
  async begin(from: ReplicaState | undefined): Promise<void> {
    if (from !== undefined) await takeState(this.#state, from)
    this.#commands.follow()
  }

  close(): Promise<void> {
    this.#commands.stop()
    return this.#durable.close()
  }

  /** Everything as the store has it. */
  load(): Turns<void> {
    return this.#durable.load('load')
  }

  get #job(): { readonly state: State; readonly submit: Submit } {
    return { state: this.#state, submit: (command) => this.submit(command) }
  }
}
