/**
 * A table whose rows here are in doubt, because the store was an older copy: what they lack is with the peers, and some of them
 * were deleted elsewhere and are forgotten there. So they are dropped and come back like the rows of a replica on a new disk.
 *
 * Nothing goes before it is safe elsewhere. A peer must have all of the table, and this region's log up to its end; only then
 * is the replica CREATING, and once that peer has what was written until then, too, the rows go and the join begins (join.ts).
 * While no such peer answers, the region serves what it has, and tells its peers that it does not have all.
 */
import type { Position } from '../../../core/change/change.ts'
import { type RegisterValues, replicaRegister } from '../../../core/table/registers.ts'
import type { Replica, ReplicaStatus, TableId } from '../../../core/table/table.ts'
import { awaitMerges } from '../notes/pending-merges.ts'
import { doubtedUpTo, settleDoubt } from '../notes/doubts.ts'
import { mergeAllRows } from './orphan-recovery.ts'
import type { JoinOptions, JoinStep } from './join.ts'
import { joinNote, placesOf } from './join-progress.ts'
import { replicasOf } from '../notes/registers-of.ts'
import { Questions } from '../talk/questions.ts'
import type { Emptied } from '../copy/transfer.ts'

export type RefillOptions = JoinOptions & { readonly emptied: Emptied }

type Source = { readonly region: string; readonly questions: Questions }

const gone: readonly ReplicaStatus[] = ['DELETING', 'CREATION_FAILED', 'REGION_DISABLED']

/** One step of a table that is in doubt. */
export class Refill {
  readonly #options: RefillOptions
  readonly #table: TableId
  /** The end of the log when clients could no longer write to the table. */
  #closedAt: Position | undefined

  constructor(options: RefillOptions, table: TableId) {
    this.#options = options
    this.#table = table
  }

  async step(): Promise<JoinStep> {
    if (!this.#stays()) {
      await settleDoubt(this.#options.engine, this.#table)
      return 'done'
    }
    const others = this.#others()
    if (others.length === 0) return this.#trust()
    if (this.#status() !== 'CREATING') return this.#close(others)
    this.#closedAt ??= this.#options.engine.flushed()
    const source = await this.#sourceWith(others, this.#closedAt)
    return source === undefined ? this.#recoverOrphan(others) : this.#empty(source)
  }

  /** Clients are not served from now on. */
  async #close(others: readonly Replica[]): Promise<JoinStep> {
    const { engine, mutex } = this.#options
    const source = await this.#sourceWith(others, doubtedUpTo(engine))
    if (source === undefined) return this.#recoverOrphan(others)
    await mutex.run(() => this.#define('CREATING'))
    return 'progress'
  }

  async #empty({ region }: Source): Promise<JoinStep> {
    const { engine, mutex, env, emptied, peers } = this.#options
    await mutex.run(async () => {
      await emptied.begin(engine, peers)
      await awaitMerges(this.#options, engine.region.name, engine.epoch)
      await engine.emptyTable(this.#table)
      await this.#join()
    })
    env.log.warn('rows of an older store are dropped: the replica is filled again', {
      table: this.#table,
      from: region,
    })
    return 'progress'
  }

  async #join(): Promise<void> {
    const { engine, peers } = this.#options
    await engine.setNote(joinNote(this.#table), { places: placesOf(engine, peers, true), rows: 0, again: true })
    await settleDoubt(engine, this.#table)
  }

  /** No other region has a replica: what is here is the table. */
  async #trust(): Promise<JoinStep> {
    const { engine } = this.#options
    if (this.#status() === 'CREATING') await this.#join()
    else await settleDoubt(engine, this.#table)
    return 'progress'
  }

  /** All regions are there, and none has all: the one with the lowest number takes what the others have. */
  async #recoverOrphan(others: readonly Replica[]): Promise<JoinStep> {
    const { engine, peers, env } = this.#options
    const rivals = others.filter(({ status }) => status !== 'CREATING' || this.#status() === 'CREATING')
    const numbers = rivals.map(({ region }) => peers.find(({ name }) => name === region)?.number ?? 0)
    if (numbers.some((number) => number < engine.region.number)) return 'wait'
    const asked = this.#sources(others)
    if (asked.length < others.length) return 'wait'
    for (const { questions } of asked) {
      const told = (await questions.tables()).find(({ id }) => id === this.#table)
      if (told === undefined || told.complete) return 'wait'
    }
    for (const { questions } of asked) await mergeAllRows(engine, questions, this.#table)
    env.log.warn('no region has all of the table: what is left of it is the table', { table: this.#table })
    if (this.#status() === 'CREATING') await this.#define('ACTIVE')
    await settleDoubt(engine, this.#table)
    return 'progress'
  }

  /** A peer that has all of the table, and this region's own log up to there. */
  async #sourceWith(others: readonly Replica[], upTo: Position): Promise<Source | undefined> {
    const { engine } = this.#options
    for (const source of this.#sources(others.filter(({ status }) => status === 'ACTIVE' || status === 'UPDATING'))) {
      try {
        const { cursors } = await source.questions.places()
        const own = cursors.find(({ region }) => region === engine.region.name)
        if (own?.epoch !== engine.epoch || own.position < upTo) continue
        if ((await source.questions.tables()).some(({ id, complete }) => id === this.#table && complete)) return source
      } catch {
        // Another may answer.
      }
    }
    return undefined
  }

  #sources(replicas: readonly Replica[]): readonly Source[] {
    const { sessionTo, engine } = this.#options
    return replicas.flatMap(({ region }) => {
      const session = sessionTo(region)
      return session === undefined ? [] : [{ region, questions: new Questions(session, engine.region.name) }]
    })
  }

  #others(): readonly Replica[] {
    const { engine, peers } = this.#options
    return [...replicasOf(engine, this.#table).values()].filter(
      ({ region, status, mayStay }) =>
        (mayStay === true || !gone.includes(status)) && peers.some(({ name }) => name === region),
    )
  }

  /** The replica is here, and is to remain one. */
  #stays(): boolean {
    const { engine } = this.#options
    const own = replicasOf(engine, this.#table).get(engine.region.name)
    return engine.tableWithId(this.#table) !== undefined && own?.status !== 'DELETING' && own?.keepsTable !== true
  }

  #status(): ReplicaStatus | undefined {
    const { engine } = this.#options
    return replicasOf(engine, this.#table).get(engine.region.name)?.status
  }

  async #define(status: 'CREATING' | 'ACTIVE'): Promise<void> {
    const { engine, env } = this.#options
    const local: RegisterValues['local/status'] = { status, sinceMs: env.clock.wallMs() }
    await engine.define(this.#table, [
      { register: 'local/status', value: local },
      {
        register: replicaRegister(engine.region.name),
        value: status === 'CREATING' ? { status, percentProgress: 0 } : { status },
      },
    ])
  }
}
