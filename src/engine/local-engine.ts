/** A region's engine on its own store: the parts, put together. */
import { assert } from '../core/assert.ts'
import type { Change, Position } from '../core/change/change.ts'
import type { KeyedRow } from '../core/change/rows.ts'
import type { ClockState } from '../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import type { Stamp } from '../core/hybrid-logical-clock/stamp.ts'
import type { Page, ReadPlan } from '../core/read/read-plan.ts'
import type { Index, Table, TableId, TablePart } from '../core/table/table.ts'
import { inOneTurn, type Turns } from '../core/turns.ts'
import type { Write } from '../core/write/write.ts'
import type { Env } from '../ports/env.ts'
import { type EngineOptions, openState } from './assemble.ts'
import { LocalArchive } from './archive/local-archive.ts'
import { Audits } from './derived/audit.ts'
import { collectionSizeIn } from './derived/collections.ts'
import { Commands } from './commands/commands.ts'
import { horizonFrom, sizeFrom } from './derived/counts.ts'
import { readExpiries } from './derived/expiry-rows.ts'
import type {
  ApplyResult,
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
import type { Group } from './commands/group.ts'
import { backfill, emptyTable, removePart, removeTable, removeTombstones } from './tables/jobs.ts'
import { collectionKey, countsKey, headKey } from './store/keys.ts'
import { type ReplicaState, takeState } from './commands/replica-state.ts'
import { LocalOrder } from './commands/local-order.ts'
import { readLog, trimLog, visitOwnLog } from './log/log.ts'
import { isRowOf } from './commands/mend.ts'
import { OwnLineage } from './store/own-lineage.ts'
import { FormerItems } from './former-items.ts'
import { isServed, readPage, readRow, readRows, sharedRegisters } from './read.ts'
import { RegionNumbers } from './store/region-numbers.ts'
import { LogRetention } from './log/retention.ts'
import { inGroup, probeStore, putNotes, readNote, type State } from './state.ts'
import { LocalStreams } from './streams/local-streams.ts'
import { type Trouble, TroubleWatch } from './trouble.ts'

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
  readonly #state: State
  readonly #listeners = new Set<() => void>()
  readonly #trouble = new TroubleWatch()
  readonly #audits: Audits
  readonly #commands: Commands
  /** As of the last durable group. */
  #flushed: Position = 0
  #oldest: Position = 1
  #clock!: ClockState

  constructor(env: Env, options: EngineOptions, epoch: string) {
    this.region = options.topology.self
    this.#state = openState(env, options, {
      epoch,
      onSeal: (group) => this.#seal(group),
      onDurable: (group, durationMs) => this.#durable(group, durationMs),
      onFailed: (error, group) => this.#failed(error, group),
      onStopped: () => this.#commands.stop(),
    })
    this.#commands = new Commands(this.#state, options.order ?? new LocalOrder(env.clock), options.latest)
    this.#audits = new Audits(this.#state)
    this.regionNumbers = new RegionNumbers(this.#state)
    this.retention = new LogRetention({ state: this.#state, oldest: () => this.#oldest, flushed: () => this.#flushed })
    this.damage = this.#state.damage
    this.tableChanges = this.#state.catalog.changes
    this.lineage = new OwnLineage({ state: this.#state, random: env.random, flushed: () => this.#flushed })
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
    return this.#flushed
  }

  oldest(): Position {
    return this.#oldest
  }

  readLog(after: Position, changesMax: number, bytesMax: number): readonly Change[] {
    const bounds = { after, upTo: this.#flushed, changesMax, bytesMax }
    return this.#state.damage.noting(() => readLog(this.#state, bounds))
  }

  visitOwnLog(bounds: OwnBounds, visit: VisitRecord): Position {
    return this.#state.damage.noting(() => visitOwnLog(this.#state, bounds, this.#flushed, visit))
  }

  onFlushed(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  trimLog(upTo: Position): Promise<void> {
    return trimLog(this.#state, upTo, () => this.#flushed)
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

  removeTombstones(id: TableId, upTo: Stamp, rowsMax: number): Promise<number> {
    return removeTombstones(this.#job, { table: id, upTo }, rowsMax)
  }

  clock(): ClockState {
    return this.#clock
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
    return this.#trouble.current
  }

  probe(): Promise<void> {
    return probeStore(this.#state, this.#trouble.probeSizeBytes)
  }

  /** Begins to decide what is ordered; everything is loaded. */
  async begin(from: ReplicaState | undefined): Promise<void> {
    if (from !== undefined) await takeState(this.#state, from)
    this.#commands.follow()
  }

  close(): Promise<void> {
    this.#commands.stop()
    return this.#state.groups.close(new Error('the engine is closed')).finally(() => this.#listeners.clear())
  }

  get #job(): { readonly state: State; readonly submit: Submit } {
    return { state: this.#state, submit: (command) => this.submit(command) }
  }

  /** Everything as the store has it; of tables only what was under way, when that is refused: of a full disk every batch is. */
  *load(tables: 'load' | 'revert'): Turns<void> {
    const { head, counts, catalog, cursors, lineage, store, streams, backups, copies } = this.#state
    head.load(store.get(headKey))
    counts.reset()
    if (tables === 'load') {
      yield* catalog.load()
      streams.load(store)
    } else for (const part of [catalog, streams]) part.revert()
    for (const part of [cursors, backups, copies]) part.load(store)
    lineage.load(store, head.position)
    this.#state.orderBook.load(store)
    if (tables === 'load') this.#reach(head.position, head.oldest, head.clock)
  }

  #seal(group: Group): void {
    const { head, counts, catalog, groups, writer } = this.#state
    for (const part of [writer, counts]) part.seal(group)
    catalog.seal((key, value) => groups.put(group, key, value))
    head.follow(group.wallMs)
    this.#state.lineage.seal(group)
    this.#state.orderBook.seal(group)
    groups.put(group, headKey, head.encode())
    const { position, oldest, clock: time } = head
    group.effects.push(() => this.#reach(position, oldest, time))
  }

  #reach(position: Position, oldest: Position, clock: ClockState): void {
    assert(position >= this.#flushed && oldest >= this.#oldest, 'engine: the log goes forward at both ends')
    this.#flushed = position
    this.#oldest = oldest
    this.#clock = clock
  }

  #durable(group: Group, durationMs: number): void {
    const { meter, log } = this.#state
    if (this.#trouble.stored(group.bytes)) log.info('the disk takes writes again')
    if (group.writes > 0) {
      meter.observe('longitude_commit_seconds', durationMs / 1000)
      meter.observe('longitude_commit_writes', group.writes)
    }
    for (const listener of this.#listeners) this.#state.damage.surviving(listener)
  }

  /** Whatever was decided and is not durable never was. */
  #failed(error: unknown, group: Group): void {
    const { log, head, clock } = this.#state
    // Once: while the disk is full it happens to every batch.
    if (this.#trouble.refused(error, group.bytes, clock.wallMs()))
      log.error('the store refused a batch of writes', { error: String(error) })
    inOneTurn(this.load('revert'))
    this.#state.localOnly.cut(head.position)
    assert(head.position === this.#flushed, 'engine: the store is where it was last seen durable')
    this.#commands.followAgain()
  }
}
