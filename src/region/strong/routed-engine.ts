/**
 * The engines of a region as one, for operations: the main engine, and one for each group of regions that share tables with strong
 * consistency. A table says by itself where it is (`Table.strong`), so an operation does not know.
 *
 *   orders  { }                         ─▶ main engine
 *   stock   { strong: eu_us_ap }        ─▶ engine of the group eu_us_ap
 *
 * While a table moves between the two, the main engine has it too, marked (`strong.isElsewhere`), and takes no writes of it.
 */
import type { ChangeStream } from '../../core/change-stream/change-stream.ts'
import type { Position } from '../../core/change/change.ts'
import type { KeyedRow } from '../../core/change/rows.ts'
import type { Page, ReadPlan } from '../../core/read/read-plan.ts'
import type { Index, Table, TableId, TablePart } from '../../core/table/table.ts'
import type { Turns } from '../../core/turns.ts'
import type { Write } from '../../core/write/write.ts'
import type {
  Command,
  CommitResult,
  EachResult,
  OnceResult,
  OwnCause,
  RegisterEdit,
  ResultOf,
  Token,
} from '../../engine/commands/command.ts'
import type { Engine } from '../../engine/engine.ts'
import type { OperationEngine } from '../../operations/operation.ts'

/** By the group's name. */
export type GroupEngines = ReadonlyMap<string, Engine>

export class RoutedEngine implements OperationEngine {
  readonly #main: Engine
  readonly #groups: GroupEngines
  readonly archive: Engine['archive']
  readonly tableChanges: Engine['tableChanges']
  readonly streams: OperationEngine['streams']
  readonly region: Engine['region']
  readonly #tables: Merged<Table>
  readonly #streams: Merged<ChangeStream>
  readonly #engineOfStream = new WeakMap<ChangeStream, Engine>()

  constructor(main: Engine, groups: GroupEngines) {
    this.#main = main
    this.#groups = groups
    this.region = main.region
    this.archive = main.archive
    this.tableChanges = main.tableChanges
    this.#tables = new Merged((lists) => this.#visible(lists))
    this.#streams = new Merged((lists) => this.#visibleStreams(lists))
    // Each stream is read from the engine that it is in (`ofStream`).
    this.streams = {
      all: () => (this.#groups.size === 0 ? main.streams.all() : this.#streams.of(this.#engines().map(streamsOf))),
      read: (part, visit) => main.streams.read(part, visit),
      before: (ms) => main.streams.before(ms),
      roll: (stream) => main.streams.roll(stream),
      expire: (upTo) => main.streams.expire(upTo),
    }
  }

  get epoch(): string {
    return this.#main.epoch
  }

  flushed(): Position {
    return this.#main.flushed()
  }

  oldest(): Position {
    return this.#main.oldest()
  }

  ofStream(stream: ChangeStream): OperationEngine {
    return this.#engineOfStream.get(stream) ?? this.#main
  }

  ofTable(table: Table): OperationEngine {
    return this.#engineOf(table)
  }

  tableNamed(name: string): Table | undefined {
    const table = this.#main.tableNamed(name)
    if ((table !== undefined && table.strong === undefined) || this.#groups.size === 0) return table
    return this.#sharedNamed(name) ?? table
  }

  tableWithId(id: TableId): Table | undefined {
    return this.#engineWith(id).tableWithId(id)
  }

  tables(): readonly Table[] {
    return this.#groups.size === 0 ? this.#main.tables() : this.#tables.of(this.#engines().map(tablesOf))
  }

  define(id: TableId, edits: readonly RegisterEdit[]): Promise<void> {
    return this.#engineWith(id).define(id, edits)
  }

  detach(id: TableId, own: TableId): Promise<void> {
    return this.#engineWith(id).detach(id, own)
  }

  forgetRegisters(...given: Parameters<Engine['forgetRegisters']>): Promise<number> {
    return this.#engineWith(given[0]).forgetRegisters(...given)
  }

  removeTable(id: TableId, progress?: (rows: number) => void): Promise<void> {
    return this.#engineWith(id).removeTable(id, progress)
  }

  removePart(id: TableId, part: TablePart, progress?: (rows: number) => void): Promise<void> {
    return this.#engineWith(id).removePart(id, part, progress)
  }

  backfill(id: TableId, part: TablePart, progress?: (rows: number) => void): Promise<void> {
    return this.#engineWith(id).backfill(id, part, progress)
  }

  emptyTable(id: TableId, progress?: (rows: number) => void): Promise<void> {
    return this.#engineWith(id).emptyTable(id, progress)
  }

  knownTables(): readonly TableId[] {
    return this.#main.knownTables()
  }

  registers(id: TableId): readonly KeyedRow[] {
    return this.#engineWith(id).registers(id)
  }

  get(table: Table, key: Buffer): Buffer | undefined {
    return this.#engineOf(table).get(table, key)
  }

  read(plan: ReadPlan): Turns<Page> {
    return this.#engineOf(plan.table).read(plan)
  }

  serves(table: Table, index?: Index): boolean {
    return this.#engineOf(table).serves(table, index)
  }

  size(table: Table, index?: Index): { readonly items: number; readonly bytes: number } {
    return this.#engineOf(table).size(table, index)
  }

  collectionSizeBytes(table: Table, key: Buffer): number {
    return this.#engineOf(table).collectionSizeBytes(table, key)
  }

  barrier(): Promise<void> {
    return this.#main.barrier()
  }

  orderRecord(): ReturnType<Engine['orderRecord']> {
    return this.#main.orderRecord()
  }

  submit<One extends Command>(command: One): Promise<ResultOf<One>> {
    return this.#main.submit(command)
  }

  commit(writes: readonly Write[], cause?: OwnCause): Promise<CommitResult> {
    const engine = this.#engineWith(writes[0]?.table)
    return engine === this.#main ? engine.commit(writes, cause) : this.#commitIn(engine, writes, cause)
  }

  async #commitIn(engine: Engine, writes: readonly Write[], cause: OwnCause | undefined): Promise<CommitResult> {
    return this.#placed(await engine.commit(writes, cause))
  }

  commitEach(writes: readonly Write[], cause?: OwnCause): Promise<readonly EachResult[]> {
    return this.#groups.size === 0 ? this.#main.commitEach(writes, cause) : this.#commitApart(writes, cause)
  }

  async #commitApart(writes: readonly Write[], cause: OwnCause | undefined): Promise<readonly EachResult[]> {
    const byEngine = new Map<Engine, number[]>()
    for (const [at, { table }] of writes.entries()) {
      const engine = this.#engineWith(table)
      const places = byEngine.get(engine) ?? []
      if (places.push(at) === 1) byEngine.set(engine, places)
    }
    const results: EachResult[] = []
    await Promise.all(
      [...byEngine].map(async ([engine, places]) => {
        const own = places.map((at) => writes[at] as Write)
        const done = await eachOf(engine, own, cause)
        for (const [n, at] of places.entries()) {
          const result = done[n] as EachResult
          results[at] = engine === this.#main || 'failed' in result ? result : this.#placed(result)
        }
      }),
    )
    return results
  }

  commitOnce(writes: readonly Write[], token: Token): Promise<OnceResult> {
    return this.#main.commitOnce(writes, token)
  }

  /** A place in the log of a group is none in the main one, which is what clients and caches know: they are told a place that they have. */
  #placed(result: CommitResult): CommitResult {
    return result.accepted ? { ...result, position: this.#main.flushed() } : result
  }

  #engineOf({ strong }: Table): Engine {
    return strong === undefined || strong.isElsewhere === true
      ? this.#main
      : (this.#groups.get(strong.name) ?? this.#main)
  }

  #engineWith(id: TableId | undefined): Engine {
    if (id === undefined || this.#groups.size === 0) return this.#main
    const table = this.#main.tableWithId(id)
    if (table !== undefined && table.strong === undefined) return this.#main
    for (const group of this.#groups.values()) if (group.tableWithId(id) !== undefined) return group
    return this.#main
  }

  #engines(): readonly Engine[] {
    return [this.#main, ...this.#groups.values()]
  }

  /** One that goes gives its name to one that comes. */
  #sharedNamed(name: string): Table | undefined {
    let found: Table | undefined
    for (const group of this.#groups.values()) {
      const table = group.tableNamed(name)
      if (table !== undefined && table.status !== 'DELETING') return table
      const all = table === undefined ? [] : group.tables().filter((each) => each.name === name)
      found = all.find(({ status }) => status !== 'DELETING') ?? table ?? found
      if (found !== undefined && found.status !== 'DELETING') return found
    }
    return found
  }

  #visible([own = [], ...shared]: readonly (readonly Table[])[]): readonly Table[] {
    const byName = new Map<string, Table>()
    const going = shared.flat().toSorted((a, b) => Number(b.status === 'DELETING') - Number(a.status === 'DELETING'))
    for (const table of [...going, ...own.filter(({ strong }) => strong === undefined)]) byName.set(table.name, table)
    return [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  #visibleStreams([own = [], ...shared]: readonly (readonly ChangeStream[])[]): readonly ChangeStream[] {
    for (const [at, engine] of [...this.#groups.values()].entries())
      for (const stream of shared[at] ?? []) this.#engineOfStream.set(stream, engine)
    return [...own, ...shared.flat()]
  }
}

const tablesOf = (engine: Engine): readonly Table[] => engine.tables()
const streamsOf = ({ streams }: Engine): readonly ChangeStream[] => streams.all()

/** What fails in one engine says nothing of the writes in another. */
async function eachOf(engine: Engine, writes: readonly Write[], cause: OwnCause | undefined) {
  try {
    return await engine.commitEach(writes, cause)
  } catch (failed) {
    return writes.map((): EachResult => ({ accepted: false, failed }))
  }
}

/** One list of several; the same array until one of them changes. */
class Merged<One> {
  readonly #merge: (lists: readonly (readonly One[])[]) => readonly One[]
  #from: readonly (readonly One[])[] = []
  #merged: readonly One[] = []

  constructor(merge: (lists: readonly (readonly One[])[]) => readonly One[]) {
    this.#merge = merge
  }

  of(lists: readonly (readonly One[])[]): readonly One[] {
    if (lists.length !== this.#from.length || lists.some((list, at) => list !== this.#from[at])) {
      this.#from = lists
      this.#merged = this.#merge(lists)
    }
    return this.#merged
  }
}
