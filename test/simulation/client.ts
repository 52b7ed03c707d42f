/**
 * A client of one region: writes what chance says, and holds the region to what it answers. Each answer is compared at
 * once with the region's log, which is the history that the region claims: an accepted write must stand there with
 * exactly the result that the state before it gives, and a refused one must have been refusable meanwhile.
 */
import type { Item } from '../../src/core/attribute/value.ts'
import type { Position } from '../../src/core/change/change.ts'
import { ServiceError } from '../../src/core/errors.ts'
import { decodeRow, type Row } from '../../src/core/item/row.ts'
import type { Table } from '../../src/core/table/table.ts'
import type { CommitResult } from '../../src/engine/commands/command.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { expiryOf } from './expiring.ts'
import { countOf, decideIntent, type Intent, itemText, keyBytes, type KeyIntent, writeOf } from './intent.ts'
import { rowText } from './oracle.ts'
import type { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import type { SimulatedRegion } from './simulated-region.ts'
import { expectThat } from './violation.ts'
import type { World } from './world.ts'

export type ClientHabits = {
  readonly thinkMs: number
  readonly hotKeys: number
  readonly coldKeys: number
  readonly hotChance: number
  readonly transactionChance: number
  readonly deleteChance: number
  readonly largeChance: number
}

/** Up to nearly the most that an item may have. */
const paddingBytesMax = 400_000

type Attempt = { readonly table: Table; readonly intents: readonly Intent[]; readonly invokedAt: Position }

export class Client {
  readonly name: string
  accepted = 0
  refused = 0
  failed = 0
  readonly #world: World
  readonly #region: SimulatedRegion
  readonly #random: SeededRandom
  readonly #habits: ClientHabits
  #count = 0

  constructor(world: World, region: SimulatedRegion, options: { name: string; habits: ClientHabits }) {
    this.#world = world
    this.#region = region
    this.name = options.name
    this.#habits = options.habits
    this.#random = world.random.fork()
  }

  async run(untilMs: number): Promise<void> {
    const { scheduler } = this.#world
    while (scheduler.nowMs < untilMs) {
      await scheduler.sleep(this.#habits.thinkMs * 2 * this.#random.fraction())
      const engine = this.#region.engine
      const table = engine === undefined ? undefined : this.#tableOf(engine)
      if (engine !== undefined && table !== undefined) await this.#attempt(engine, table)
    }
  }

  /** One write of this key now, whatever else it is doing. */
  async hurry(name: string, key: KeyIntent): Promise<void> {
    const engine = this.#region.engine
    const table = engine?.tableNamed(name)
    if (engine !== undefined && table !== undefined && isUsable(table, this.#region.name))
      await this.#attempt(engine, table, key)
  }

  /** Those that take writes here now. */
  #tableOf(engine: Engine): Table | undefined {
    const usable = engine.tables().filter((table) => isUsable(table, this.#region.name))
    return usable.length === 0 ? undefined : this.#random.pick(usable)
  }

  async #attempt(engine: Engine, table: Table, key?: KeyIntent): Promise<void> {
    const region = this.#region
    region.watch.catchUp()
    const intents = key === undefined ? this.#intents(engine, table) : [this.#intent(engine, table, { key })]
    if (intents.some((intent) => this.#world.damage.isTouched(table.id, keyBytes(table, intent.key)))) return
    const attempt: Attempt = { table, intents, invokedAt: region.watch.position }
    const answer = await Promise.race([this.#commit(engine, attempt), region.ended])
    if (answer === undefined) return
    region.watch.catchUp()
    // What was written while it became a table of its own is in that.
    const answered = { ...attempt, table: { ...table, id: region.watch.nowCalled(table.id) } }
    if (answer === 'failed') return this.#checkFailed(answered)
    if (answer.accepted) this.#checkAccepted(answered, answer)
    else this.#checkRefused(answered, answer)
  }

  async #commit(engine: Engine, { table, intents }: Attempt): Promise<CommitResult | 'failed'> {
    try {
      return await engine.commit(intents.map((intent) => writeOf(table, intent)))
    } catch (error) {
      if (error instanceof ServiceError) return 'failed'
      throw error
    }
  }

  #intents(engine: Engine, table: Table): Intent[] {
    const transaction = this.#random.chance(this.#habits.transactionChance)
    const intents = new Map<string, Intent>()
    for (let n = transaction ? this.#random.between(2, 5) : 1; n > 0; n--) {
      const intent = this.#intent(engine, table, { inTransaction: transaction })
      intents.set(`${intent.key.id} ${intent.key.part}`, intent)
    }
    return [...intents.values()]
  }

  #intent(engine: Engine, table: Table, more: { inTransaction?: boolean; key?: KeyIntent }): Intent {
    const random = this.#random
    const { inTransaction = false, key = this.#key() } = more
    const tag = `${this.name}-${++this.#count}`
    const act = random.weighted({
      put: 4,
      increment: 4,
      delete: 8 * this.#habits.deleteChance,
      check: inTransaction ? 1 : 0,
    })
    const current = this.#read(engine, table, key)
    const condition = random.chance(act === 'check' ? 1 : 0.4) ? { condition: this.#condition(current) } : {}
    const group = random.pick([undefined, 'red', 'green', 'blue'])
    const large = random.chance(this.#habits.largeChance) ? { paddingBytes: random.between(1, paddingBytesMax) } : {}
    const grouped = group === undefined ? {} : { group }
    const content = act === 'put' ? { count: random.between(0, 9), ...grouped, ...large, ...this.#expiry() } : {}
    return { act, key, tag, ...condition, ...content }
  }

  #expiry(): { readonly expires?: number } {
    const { expiring } = this.#world
    return expiring === undefined ? {} : expiryOf(expiring, this.#region.clock.peekMs())
  }

  #key(): KeyIntent {
    const { hotChance, hotKeys, coldKeys } = this.#habits
    const hot = this.#random.chance(hotChance)
    return {
      id: hot ? `hot${this.#random.between(1, hotKeys)}` : `cold${this.#random.between(1, coldKeys)}`,
      part: this.#random.pick(['a', 'b']),
    }
  }

  #condition(current: Item | undefined): NonNullable<Intent['condition']> {
    if (current === undefined) return this.#random.pick([{ is: 'absent' }, { is: 'present' }])
    return this.#random.pick([{ is: 'present' }, { is: countOf(current) ?? 0 }, { is: 'absent' }])
  }

  /** A read of the region's own state must be of its latest durable one. */
  #read(engine: Engine, table: Table, key: KeyIntent): Item | undefined {
    const bytes = keyBytes(table, key)
    const stored = engine.get(table, bytes)
    const { watch } = this.#region
    const known = watch.rowAt(table.id, bytes, watch.position)
    const item = stored === undefined ? undefined : itemOf(decodeRow(stored))
    expectThat(
      // A damaged row is what it is; no write follows from this read.
      this.#world.damage.isTouched(table.id, bytes) || itemText(item) === itemText(itemOf(known)),
      'reads give what the log says',
      () => `${this.#region.name} read ${itemText(item)} of ${key.id}/${key.part}, its log has ${rowText(known)}`,
    )
    return item
  }

  #checkAccepted(attempt: Attempt, { position, outcomes }: Extract<CommitResult, { accepted: true }>): void {
    this.accepted++
    const { watch, name } = this.#region
    const { table, intents } = attempt
    const changed = outcomes.some((outcome) => outcome.changed)
    if (!changed) return this.#checkUnchanged(attempt)
    expectThat(
      position <= watch.position,
      'nothing is acknowledged before it is flushed',
      () => `${name} acknowledged ${tagsOf(attempt)} at ${position} and has flushed ${watch.position}`,
    )
    const group = watch.entries[position - 1]?.change.group ?? 0
    const found = watch.entries
      .slice(group - 1, group - 1 + intents.length + 1)
      .filter((entry) => entry.change.group === group)
    intents.forEach((intent, n) => {
      const key = keyBytes(table, intent.key)
      const before = itemOf(watch.rowAt(table.id, key, group - 1))
      const decision = decideIntent(intent, before)
      const row = found.find(({ change }) => change.table === table.id && change.key.equals(key))?.row
      const says = (): string =>
        `${name} accepted ${JSON.stringify(intent)} on ${itemText(before)} and has ${rowText(row)} at ${group}`
      expectThat(!decision.refused, 'conditions hold on the state before', says)
      expectThat((row !== undefined) === decision.changed, 'an accepted write stands in the log', says)
      if (row !== undefined)
        expectThat(itemText(itemOf(row)) === itemText(decision.next), 'an accepted write has its result', says)
      const outcome = outcomes[n]
      expectThat(itemText(outcome?.previous?.item()) === itemText(before), 'outcomes tell what was before', says)
      if (decision.changed)
        expectThat(itemText(outcome?.next?.item()) === itemText(decision.next), 'outcomes tell what is after', says)
    })
    expectThat(
      found.length === intents.filter((_, n) => outcomes[n]?.changed).length,
      'a group holds one transaction',
      () => `${name} has ${found.length} changes in the group of ${tagsOf(attempt)}`,
    )
  }

  #checkUnchanged(attempt: Attempt): void {
    const possible = this.#atSomeMoment(attempt, (intent, before) => {
      const decision = decideIntent(intent, before)
      return !decision.refused && !decision.changed
    })
    expectThat(
      possible,
      'conditions hold on the state before',
      () =>
        `${this.#region.name} accepted ${JSON.stringify(attempt.intents)} without a change, which no state since ${attempt.invokedAt} explains`,
    )
  }

  #checkRefused(attempt: Attempt, { refusals }: Extract<CommitResult, { accepted: false }>): void {
    this.refused++
    this.#forbid(attempt, 'refused')
    const possible = this.#atSomeMoment(attempt, (intent, before, n) => {
      const refusal = refusals[n]
      if (decideIntent(intent, before).refused !== (refusal !== undefined)) return false
      return refusal?.item === undefined || itemText(refusal.item) === itemText(before)
    })
    expectThat(
      possible,
      'refusals are true of some state meanwhile',
      () =>
        `${this.#region.name} refused ${JSON.stringify(attempt.intents)} with ${JSON.stringify(refusals)}, which no state since ${attempt.invokedAt} explains`,
    )
  }

  #checkFailed(attempt: Attempt): void {
    this.failed++
    this.#forbid(attempt, 'failed')
  }

  #forbid({ intents }: Attempt, reason: string): void {
    for (const { tag } of intents) this.#world.oracle.forbid(tag, reason)
  }

  /** Whether all intents agree with one state of the region between the call and the answer. */
  #atSomeMoment(
    { table, intents, invokedAt }: Attempt,
    agrees: (intent: Intent, before: Item | undefined, n: number) => boolean,
  ): boolean {
    const { watch } = this.#region
    for (let position = watch.position; position >= invokedAt; position--)
      if (
        intents.every((intent, n) =>
          agrees(intent, itemOf(watch.rowAt(table.id, keyBytes(table, intent.key), position)), n),
        )
      )
        return true
    return false
  }
}

export function isUsable(table: Table, region: string): boolean {
  if (table.status !== 'ACTIVE' && table.status !== 'UPDATING') return false
  return table.replicas.length === 0 || table.replicas.some((r) => r.region === region && r.status === 'ACTIVE')
}

function itemOf(row: Row | undefined): Item | undefined {
  return row === undefined || row.tombstone ? undefined : (JSON.parse(row.body.toString('utf8')) as Item)
}

const tagsOf = ({ intents }: Attempt): string => intents.map(({ tag }) => tag).join(', ')
