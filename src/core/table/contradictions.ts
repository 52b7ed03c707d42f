/**
 * Settles what regions that could not hear each other have said of one table. Each register is merged by its stamp, so two
 * registers can contradict each other although each was right where it was written. This file decides which of them count.
 *
 * The rule: every setting counts that a single region would have accepted, had it been asked for them one after another in the
 * order in which they were made. So what was made first stays, and an index in use is never lost to a new one. It is a
 * pure function of the registers' values: neither the region that asks nor the order of arrival changes it.
 */
import { globalSecondaryIndexesMax, projectedAttributesMax } from '../limits/limits.ts'
import { settleLeaves } from './departures.ts'
import {
  indexRegister,
  type IndexRegister,
  type Kept,
  type LeaveRegister,
  type Overruled,
  type Registers,
  registersUnder,
  registerValue,
} from './registers.ts'
import type { KeySchema, KeyType } from './table.ts'

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
