/** The one way in for commands: an order places each, and it is decided when it comes back. */
import { unreachable } from '../../core/assert.ts'
import type { KeyedRow } from '../../core/change/rows.ts'
import { isLocalRegister } from '../../core/table/registers.ts'
import type { TableId } from '../../core/table/table.ts'
import { quorumFollowAgainMs } from '../../core/limits/quorum-limits.ts'
import type { Order, Ordered, Sequence } from '../../ports/order.ts'
import { apply, editing, mergeRegisters, mergeSteps, mergeTableRows, untilWithinDrift } from './apply.ts'
import type { Command, RegisterEdit, ResultOf } from './command.ts'
import { commit, commitEach, commitOnce, refusedWrite } from './commit.ts'
import { keepHouse } from './housekeeping.ts'
import { mend } from './mend.ts'
import { define, detach } from './register-edit.ts'
import { sureResult } from './sure-result.ts'
import type { State } from '../state.ts'
import { noteKey } from '../store/keys.ts'
import type { Lineage } from '../store/lineage.ts'

export class Commands {
  readonly #state: State
  readonly #order: Order<Command>
  readonly #latest: (() => Promise<void>) | undefined
  #stopFollowing: (() => void) | undefined
  #isStopped = false
  /** What became of own commands, until `submit` has taken it: no more than are being appended. */
  readonly #results = new Map<Sequence, Promise<unknown>>()

  constructor(state: State, order: Order<Command>, latest?: () => Promise<void>) {
    this.#state = state
    this.#order = order
    this.#latest = latest
  }

  /** The state is as the store has it: decides what comes after it. */
  follow(): void {
    const { orderBook, groups } = this.#state
    orderBook.follow()
    this.#stopFollowing = this.#order.follow(0, (ordered) => this.#take(ordered), {
      place: () => orderBook.durable,
      decidedUpTo: (sequence) => orderBook.decidedUpTo(sequence),
      keep: () => groups.put(groups.open(), keptKey, undefined),
      untilReady: () => groups.untilReady(),
    })
  }

  /** After a failure of the store, which is as it was last durable. */
  followAgain(): void {
    const { time, clock } = this.#state
    if (!time.isShared || this.#isStopped) return
    this.#state.orderBook.unfollow()
    this.#stopFollowing?.()
    clock.after(quorumFollowAgainMs, () => {
      if (!this.#isStopped) this.follow()
    })
  }

  /** Nothing of an order that others share is decided here any more. */
  stop(): void {
    if (!this.#state.time.isShared) return
    this.#isStopped = true
    this.#stopFollowing?.()
  }

  /** Resolves when what it came to is durable. */
  submit<One extends Command>(command: One): Promise<ResultOf<One>> {
    const { lineage, time } = this.#state
    if (time.isShared) assertTaken(lineage, command)
    if (this.#order.place !== undefined && this.#hasOwnPart(command)) return this.#submitOwn(command)
    const sequence = this.#order.append(command)
    if (typeof sequence === 'number') return this.#sureResultOf(command, sequence)
    return sequence.then((placed) => this.#resultOf<One>(placed))
  }

  /** Of tables that several regions share: each has a stream, and registers, of its own, and removes by itself what all have given up. */
  #hasOwnPart(command: Command): boolean {
    if (command.kind === 'roll') return true
    if (command.kind !== 'define' && command.kind !== 'removeRegisters') return false
    const isStrong = this.#state.catalog.registers(command.table).get('settings/strong') !== undefined
    return (
      isStrong || (command.kind === 'define' && command.edits.some(({ register }) => register === 'settings/strong'))
    )
  }

  /** What concerns this region only is decided here and now: the others know nothing of it. */
  async #submitOwn<One extends Command>(command: One): Promise<ResultOf<One>> {
    if (command.kind !== 'define') return await (this.#decideHere(command) as Promise<ResultOf<One>>)
    const isOwn = ({ register }: RegisterEdit): boolean => isLocalRegister(register)
    const [shared, own] = [command.edits.filter((edit) => !isOwn(edit)), command.edits.filter(isOwn)]
    if (shared.length > 0) await this.#place({ ...command, edits: shared })
    if (own.length > 0 || shared.length === 0) await this.#decideHere({ ...command, edits: own })
    return undefined as ResultOf<One>
  }

  async #place<One extends Command>(command: One): Promise<ResultOf<One>> {
    return await this.#resultOf<One>(await this.#order.append(command))
  }

  #decideHere(command: Command): Promise<unknown> {
    const { time } = this.#state
    return time.at(time.wallMs(), () => begin(this.#state, command))
  }

  /** Resolves once everything that has a place by now is decided here, and durable. */
  async barrier(): Promise<void> {
    await this.#order.barrier()
    await this.#latest?.()
    await this.#state.groups.settled()
  }

  /** In steps, each a turn of its own, once its rows are within the drift bound. */
  async merge(table: TableId, all: readonly KeyedRow[], restored: boolean): Promise<void> {
    for (const rows of mergeSteps(this.#state, table, all)) {
      await untilWithinDrift(this.#state, rows)
      await this.#state.pace.turn(() => this.submit({ kind: 'merge', table, rows, restored }))
    }
  }

  async mergeRegisters(table: TableId, rows: readonly KeyedRow[]): Promise<void> {
    await untilWithinDrift(this.#state, rows)
    await this.submit({ kind: 'registers', table, rows })
  }

  #resultOf<One extends Command>(sequence: Sequence): Promise<ResultOf<One>> {
    const result = this.#results.get(sequence)
    this.#results.delete(sequence)
    return result as Promise<ResultOf<One>>
  }

  #sureResultOf<One extends Command>(command: One, sequence: Sequence): Promise<ResultOf<One>> {
    const result = this.#resultOf<One>(sequence)
    return this.#latest === undefined ? result : sureResult(command, result, this.#latest)
  }

  #take({ sequence, atMs, command, isOwn, author }: Ordered<Command>): void {
    const { time, head, orderBook } = this.#state
    // When a process flushes must not matter, and a flush moves the clock: so every command does.
    if (time.isShared) head.follow(atMs)
    const guarded = author === undefined || isOfClient(command) ? author : { ...author, basis: undefined }
    const result = orderBook.deciding({ atMs, author: guarded }, () => begin(this.#state, command))
    if (isOwn) this.#results.set(sequence, result)
    // This process does not wait for another's command; a store that fails fails its own commands as well.
    else result.catch(() => undefined)
  }
}

/** There is nothing under it: a flush group with this edit alone has the records that go with every group. */
const keptKey = noteKey('engine/kept')

const isOfClient = (command: Command): boolean =>
  command.kind === 'once' || ((command.kind === 'commit' || command.kind === 'each') && command.cause === 'client')

function assertNotFenced({ fence }: Lineage, command: Command): void {
  if (fence !== undefined && isOfClient(command)) throw refusedWrite(fence)
}

function assertTaken(lineage: Lineage, command: Command): void {
  if (lineage.refuses !== undefined) throw refusedWrite(lineage.refuses)
  assertNotFenced(lineage, command)
}

/** What throws before it has begun rejects like what fails later. */
function begin(state: State, command: Command): Promise<unknown> {
  try {
    return decideCommand(state, command)
  } catch (error) {
    return Promise.reject(error)
  }
}

async function roll(state: State, stream: number): Promise<void> {
  const group = state.groups.open()
  editing(state, () => state.streams.roll(group, stream))
  await state.groups.written(group)
}

function decideCommand(state: State, command: Command): Promise<unknown> {
  // Other regions know nothing of this one's fence: it has refused its clients' writes when they came.
  if (!state.time.isShared) assertNotFenced(state.lineage, command)
  switch (command.kind) {
    case 'commit':
      return commit(state, command.writes, command.cause)
    case 'each':
      return commitEach(state, command.writes, command.cause)
    case 'once':
      return commitOnce(state, command.writes, command.token)
    case 'apply':
      return apply(state, command.batch, command.sequence)
    case 'merge':
      return mergeTableRows(state, command)
    case 'registers':
      return mergeRegisters(state, command)
    case 'mend':
      return mend(state, command.table, command.key, command.mending)
    case 'define':
      return define(state, command.table, command.edits)
    case 'detach':
      return detach(state, command.table, command.own)
    case 'roll':
      return roll(state, command.stream)
    case 'forget':
    case 'horizon':
    case 'drop':
    case 'forgetRegisters':
    case 'followForgetting':
    case 'removeRegisters':
    case 'cursor':
    case 'clock':
      return keepHouse(state, command)
    default:
      return unreachable(command)
  }
}
