/**
 * Settles what regions that could not hear each other have said of one table. Each register is merged by its stamp, so two
 * registers can contradict each other although each was right where it was written. This file decides which of them count.
 *
 * The rule: every setting counts that a single region would have accepted, had it been asked for them one after another in the
 * order in which they were made. So what was made first stays, and an index in use is never lost to a new one. It is a
 * pure function of the registers' values: neither the region that asks nor the order of arrival changes it.
 */
import { globalSecondaryIndexesMax, projectedAttributesMax } from '../limits.ts'
import {
  guardRegister,
  type GuardRegister,
  indexRegister,
  type IndexRegister,
  leaveRegister,
  type LeaveRegister,
  type Registers,
  registersUnder,
  registerValue,
  replicaRegister,
  type ReplicaRegister,
} from './registers.ts'
import type { KeySchema, KeyType } from './table.ts'

/** A register that does not count. */
export type Overruled = {
  readonly register: string
  /** The register that it contradicts; for a limit, the one that reached it. */
  readonly by: string
  readonly reason: string
}

export type Settled = {
  /** Indexes that the table has, by name: neither deleted nor overruled. */
  readonly indexes: ReadonlyMap<string, IndexRegister>
  /** Regions whose replica leaves. */
  readonly leaves: ReadonlyMap<string, LeaveRegister>
  readonly overruled: readonly Overruled[]
}

export function settle(registers: Registers): Settled {
  const indexes = settleIndexes(registers)
  const leaves = settleLeaves(registers)
  return { indexes: indexes.kept, leaves: leaves.kept, overruled: [...indexes.overruled, ...leaves.overruled] }
}

type Kept<Value> = { readonly kept: ReadonlyMap<string, Value>; readonly overruled: readonly Overruled[] }

function settleIndexes(registers: Registers): Kept<IndexRegister> {
  const kept = new Map<string, IndexRegister>()
  const overruled: Overruled[] = []
  const tally = new Tally(registerValue(registers, 'definition')?.key)
  for (const [name, index] of inOrderOfMaking(registers)) {
    const problem = tally.problem(index)
    if (problem === undefined) {
      tally.add(name, index)
      kept.set(name, index)
    } else overruled.push({ register: indexRegister(name), ...problem })
  }
  return { kept, overruled }
}

type NamedIndex = readonly [string, IndexRegister]

/** Those of CreateTable have no time of making: they come first, as do those that an older version made. */
function inOrderOfMaking(registers: Registers): readonly NamedIndex[] {
  const all = registersUnder(registers, indexRegister('')) as readonly NamedIndex[]
  const alive = all.filter(([, index]) => index.deleted !== true)
  return alive.toSorted(([aName, a], [bName, b]) => rank(a) - rank(b) || compare(a.id, b.id) || compare(aName, bName))
}

const rank = (index: IndexRegister): number => (index.kind === 'local' ? -1 : (index.madeMs ?? 0))
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** What the indexes so far use up, and which types they give to attributes. */
class Tally {
  readonly #types = new Map<string, { readonly type: KeyType; readonly by: string }>()
  #globals = 0
  #projected = 0
  #last = 'definition'

  constructor(key: KeySchema | undefined) {
    this.#define('definition', key)
  }

  problem({ kind, key, projection }: IndexRegister): Pick<Overruled, 'by' | 'reason'> | undefined {
    for (const { name, type } of [...key.partition, ...key.sort]) {
      const known = this.#types.get(name)
      if (known !== undefined && known.type !== type)
        return { by: known.by, reason: `attribute ${name} has type ${known.type} there, ${type} here` }
    }
    if (kind === 'global' && this.#globals >= globalSecondaryIndexesMax)
      return { by: this.#last, reason: `the table has ${globalSecondaryIndexesMax} global indexes already` }
    const projected = projection.type === 'INCLUDE' ? projection.attributes.length : 0
    if (projected > 0 && this.#projected + projected > projectedAttributesMax)
      return {
        by: this.#last,
        reason: `the table's indexes would project more than ${projectedAttributesMax} attributes`,
      }
    return undefined
  }

  add(name: string, { kind, key, projection }: IndexRegister): void {
    this.#last = indexRegister(name)
    this.#define(this.#last, key)
    this.#globals += kind === 'global' ? 1 : 0
    this.#projected += projection.type === 'INCLUDE' ? projection.attributes.length : 0
  }

  #define(by: string, key: KeySchema | undefined): void {
    for (const { name, type } of [...(key?.partition ?? []), ...(key?.sort ?? [])])
      if (!this.#types.has(name)) this.#types.set(name, { type, by })
  }
}

/**
 * A replica with deletion protection does not leave at another region's word. Regions that have removed each other
 * leave in the order in which that was asked for, and the last one stays: otherwise no region would have the table.
 */
function settleLeaves(registers: Registers): Kept<LeaveRegister> {
  const kept = new Map<string, LeaveRegister>()
  const overruled: Overruled[] = []
  const staying = new Set(membersOf(registers))
  for (const [region, leave] of inOrderOfAsking(registers)) {
    const problem = leaveProblem(registers, region, { leave, staying })
    if (problem === undefined) {
      kept.set(region, leave)
      staying.delete(region)
    } else overruled.push({ register: leaveRegister(region), ...problem })
  }
  return { kept, overruled }
}

type NamedLeave = readonly [string, LeaveRegister]

function inOrderOfAsking(registers: Registers): readonly NamedLeave[] {
  const all = registersUnder(registers, leaveRegister('')) as readonly NamedLeave[]
  return all.toSorted(([aRegion, a], [bRegion, b]) => (a.askedMs ?? 0) - (b.askedMs ?? 0) || compare(aRegion, bRegion))
}

function membersOf(registers: Registers): readonly string[] {
  const replicas = registersUnder(registers, replicaRegister('')) as readonly (readonly [string, ReplicaRegister])[]
  return replicas.flatMap(([region, { status }]) => (status === 'CREATION_FAILED' ? [] : [region]))
}

type Asked = { readonly leave: LeaveRegister; readonly staying: ReadonlySet<string> }

function leaveProblem(
  registers: Registers,
  region: string,
  { leave, staying }: Asked,
): Pick<Overruled, 'by' | 'reason'> | undefined {
  // A table of its own is not deleted; and what a region asks for itself, it has checked itself.
  if (leave.keepsTable === true || leave.by === region) return undefined
  const guard = registers.get(guardRegister(region)) as GuardRegister | undefined
  if (guard?.deletionProtection === true)
    return { by: guardRegister(region), reason: 'the replica has deletion protection enabled' }
  if (leave.by !== undefined && staying.has(region) && staying.size === 1)
    return { by: replicaRegister(region), reason: 'every other replica has left, so this one would be the last' }
  return undefined
}
