/** A client of one node: it asks for registers, counters and pairs of registers, one request after the other; the node asks the one that leads. */
import type { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'
import { ServiceError } from '../../../src/core/errors.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { StoreFailed } from '../../../src/ports/store.ts'
import type { Outcome, Value } from '../../linearizability/history.ts'
import type { Told } from '../../linearizability/recorder.ts'
import { type Habits, type Request, Workload } from '../../linearizability/workload.ts'
import { ask } from '../strong/ask.ts'
import { itemIn, keyBytes, tableId, valueOf, writeOf } from '../strong/requests.ts'
import type { Member } from '../strong/start-member.ts'
import { expectThat } from '../violation.ts'
import type { NodeProcess } from './node-process.ts'
import type { NodesWorld } from './nodes-world.ts'
import type { SimulatedNode } from './simulated-node.ts'

export type NodesHabits = Habits & { readonly thinkMs: number; readonly padBytes: number }

/** As a node waits for one that leads. */
const patienceMs = 6000

/** The keys that transactions write together. */
export const pair = ['t1', 't2'] as const
type Pair = readonly [Value, Value]
type Asked = { readonly told: Told; readonly pair?: Pair }

/** A condition that never holds: its refusal says what is there, as a read does. */
const neverHeld = { op: 'cas', from: 'never', to: 'nothing' } as const

export class NodesClient {
  readonly #world: NodesWorld
  readonly #node: SimulatedNode
  readonly #name: string
  readonly #habits: NodesHabits
  readonly #random: SeededRandom
  readonly #workload: Workload

  constructor(node: SimulatedNode, name: string, habits: NodesHabits) {
    const { world } = node
    this.#world = world
    this.#node = node
    this.#name = name
    this.#habits = habits
    this.#random = world.random.fork()
    this.#workload = new Workload(name, world.random.fork(), habits)
  }

  async run(untilMs: number): Promise<void> {
    const { scheduler } = this.#world
    while (scheduler.nowMs < untilMs) {
      await scheduler.sleep(this.#habits.thinkMs * 2 * this.#random.fraction())
      // Nobody asks a process that stands still, and the first who asks it afterwards may come before all that it has missed.
      await this.#node.process?.runs()
      const kind = this.#random.weighted({ writePair: 3, readPair: 3, other: 14 })
      if (kind === 'writePair') await this.#writePair()
      else if (kind === 'readPair') await this.#readPair(this.#random.chance(0.5))
      else await this.request(this.#workload.next())
    }
  }

  /** Only reads: of what its node has, and of what there is. */
  async look(untilMs: number): Promise<void> {
    const { scheduler } = this.#world
    while (scheduler.nowMs < untilMs) {
      await scheduler.sleep(this.#habits.thinkMs * 2 * this.#random.fraction())
      await this.#node.process?.runs()
      const isEventual = this.#random.chance(0.5)
      const { key } = this.#workload.next()
      if (this.#random.chance(0.3)) await this.#readPair(isEventual)
      else if (isEventual || this.#random.chance(0.5)) await this.request({ key, action: { op: 'read' }, isEventual })
      else await this.request({ key: this.#register(), action: neverHeld, isEventual })
    }
  }

  #register(): string {
    return `r${this.#random.between(1, this.#habits.registers)}`
  }

  /** Writes, and reads what it has written. */
  async last(): Promise<Outcome | undefined> {
    const [key, isEventual] = ['r1', false]
    const written = await this.request({ key, action: { op: 'write', to: this.#workload.newValue() }, isEventual })
    return written === 'ok' ? await this.request({ key, action: { op: 'read' }, isEventual }) : written
  }

  async request({ key, action, isEventual }: Request): Promise<Outcome | undefined> {
    const { process } = this.#node
    if (process === undefined) return undefined
    const end = this.#world.recorder.begin(this.#name, key, action, isEventual)
    const asked = isEventual
      ? locally(process, (values) => ({ told: { outcome: 'ok', value: values(key) } }))
      : await this.#throughLeader(process, async (member) => ({ told: await ask(member, { key, action, isEventual }) }))
    if (asked === undefined) return undefined
    end(asked.told)
    if (asked.told.value !== undefined) this.#workload.saw(key, asked.told.value)
    this.#count(asked.told.outcome, isEventual)
    return asked.told.outcome
  }

  /** Both or neither; now and then on condition that the first is as it was seen. */
  async #writePair(): Promise<void> {
    const { process } = this.#node
    if (process === undefined) return
    const to = this.#workload.newValue() + 'x'.repeat(this.#habits.padBytes)
    const ends = pair.map((key) => this.#world.recorder.begin(this.#name, key, { op: 'write', to }))
    const token = this.#random.chance(0.5) ? { name: this.#random.uuid(), digest: 'd' } : undefined
    const asked = await this.#throughLeader(process, async (member) => ({
      told: await committed(member.engine, to, token),
    }))
    if (asked === undefined) return
    for (const end of ends) end(asked.told)
    this.#count(asked.told.outcome, false)
  }

  async #readPair(isEventual: boolean): Promise<void> {
    const { process } = this.#node
    if (process === undefined) return
    const ends = pair.map((key) => this.#world.recorder.begin(this.#name, key, { op: 'read' }, isEventual))
    const both = (values: (key: string) => Value): Asked => {
      return { told: { outcome: 'ok' }, pair: [values(pair[0]), values(pair[1])] }
    }
    const asked = isEventual
      ? locally(process, both)
      : await this.#throughLeader(process, async (member) => {
          await member.barrier()
          return both((key) => valueIn(member.engine, key))
        })
    if (asked === undefined) return
    for (const [n, end] of ends.entries()) {
      const value = asked.pair?.[n]
      end(value === undefined ? asked.told : { ...asked.told, value })
    }
    const [one, other] = asked.pair ?? [null, null]
    const text = (value: Value): string => String(value).slice(0, 60)
    this.#world.check(() =>
      expectThat(
        one === other,
        'no transaction is seen in parts',
        () => `${this.#name} reads ${text(one)} and ${text(other)}`,
      ),
    )
    if (asked.pair !== undefined) this.#world.counts.pairs++
  }

  /** Undefined: the node has died, and no answer comes. */
  async #throughLeader(process: NodeProcess, work: (member: Member) => Promise<Asked>): Promise<Asked | undefined> {
    const { scheduler } = this.#world
    const endMs = scheduler.nowMs + patienceMs
    while (scheduler.nowMs < endMs) {
      await process.runs()
      if (this.#node.process !== process) return undefined
      const asked = await Promise.race([this.#once(process, work), process.ended])
      if (this.#node.process !== process) return undefined
      if (asked !== undefined) return asked
      await scheduler.sleep(50 + 50 * this.#random.fraction())
    }
    return { told: { outcome: 'refused' } }
  }

  /** Undefined: no node has taken the request. */
  async #once(process: NodeProcess, work: (member: Member) => Promise<Asked>): Promise<Asked | undefined> {
    const role = process.log.role()
    if (role.role === 'leading') return await worked(process, work)
    const leader = role.role === 'following' ? role.leader?.node : undefined
    if (leader === undefined) return undefined
    let isTaken = false
    const answer = await this.#world.send(this.#node.name, leader, async (other) => {
      const asked = await worked(other, (member) => {
        isTaken = true
        return work(member)
      })
      return { asked }
    })
    // Whether it has come there, its node does not know: it is never sent again.
    if (answer === undefined) return { told: { outcome: isTaken ? 'unknown' : 'refused' } }
    return answer.asked
  }

  #count(outcome: Outcome, isEventual: boolean): void {
    const { counts } = this.#world
    if (isEventual) counts.eventual++
    else if (outcome === 'fail') counts.failed++
    else counts[outcome]++
  }
}

/** Undefined while the process does not lead. */
async function worked(process: NodeProcess, work: (member: Member) => Promise<Asked>): Promise<Asked | undefined> {
  const { member } = process
  if (member === undefined) return undefined
  try {
    return await work(member)
  } catch (error) {
    if (error instanceof StoreFailed || error instanceof ServiceError) return { told: { outcome: 'unknown' } }
    throw error
  }
}

function locally(process: NodeProcess, work: (values: (key: string) => Value) => Asked): Asked | undefined {
  const reading = process.gate.isOpen ? process.reading() : undefined
  if (reading?.tableWithId(tableId) === undefined) return undefined
  return work((key) => valueIn(reading, key))
}

function valueIn(engine: Pick<Engine, 'tableWithId' | 'get'>, key: string): Value {
  const table = engine.tableWithId(tableId)
  return table === undefined ? null : valueOf(itemIn(engine.get(table, keyBytes(table, key))))
}

/** Under a token the same transaction is committed a second time, as a client does that had no answer. */
async function committed(
  engine: Engine,
  to: string,
  token: { readonly name: string; readonly digest: string } | undefined,
): Promise<Told> {
  const table = engine.tableWithId(tableId)
  if (table === undefined) return { outcome: 'refused' }
  const writes = pair.map((key) => writeOf(table, key, { op: 'write', to }))
  if (token === undefined) return { outcome: (await engine.commit(writes)).accepted ? 'ok' : 'refused' }
  const once = await engine.commitOnce(writes, token)
  if (once.done === 'now' && !once.result.accepted) return { outcome: 'refused' }
  await engine.commitOnce(writes, token)
  return { outcome: 'ok' }
}
