/**
 * The smallest part of a history that still is not linearizable, found by leaving out as much as possible. What changes nothing is
 * taken out. What may change the key becomes an operation of unknown outcome, so that the rest is still wrong wherever it took
 * effect. Taking it out altogether would accuse reads of telling a value that was never written.
 */
import { checkKey, forgotten, type Refuted } from './check.ts'
import type { Operation, Value } from './history.ts'
import { isPure } from './model.ts'

const checkStepsEach = 200_000
const offenceStepsMax = 2_000_000

export type Offence = {
  /** Those that cannot all be true, with those that wrote what they tell. */
  readonly operations: readonly Operation[]
  /** How many others wrote the key, or may have: it does not matter when they took effect. */
  readonly othersAnyTime: number
}

type Part = { readonly operation: Operation; readonly isNeeded: boolean }

export function offenceIn(initial: Value, { prefix }: Refuted): Offence {
  const parts = prefix.map((operation) => ({ operation, isNeeded: operation.outcome !== 'unknown' }))
  const budget = { steps: offenceStepsMax }
  // What changes nothing goes first: a history of writes is easier to follow than the reads that prove them.
  const writing = shrunk(initial, parts, ({ operation }) => isPure(operation), budget)
  const least = shrunk(initial, writing, ({ isNeeded }) => isNeeded, budget)
  const operations = withWriters(least)
  return { operations, othersAnyTime: least.length - operations.length }
}

/** Leaves out those that may go, in halves, quarters and so on, as long as the rest is not linearizable. */
function shrunk(
  initial: Value,
  all: readonly Part[],
  mayGo: (part: Part) => boolean,
  budget: { steps: number },
): readonly Part[] {
  let parts = all
  let candidates = parts.filter(mayGo)
  for (let size = Math.ceil(candidates.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (const chunk of chunksOf(candidates, size)) {
      if (budget.steps <= 0) return parts
      const weaker = parts.flatMap((part) => (chunk.has(part) ? weakened(part) : [part]))
      const { verdict, steps } = checkKey(initial, weaker.map(asked), checkStepsEach)
      budget.steps -= steps
      if (verdict === 'not linearizable') parts = weaker
    }
    candidates = parts.filter(mayGo)
  }
  return parts
}

function chunksOf(parts: readonly Part[], size: number): readonly ReadonlySet<Part>[] {
  const count = Math.ceil(parts.length / size)
  return Array.from({ length: count }, (_, n) => new Set(parts.slice(n * size, (n + 1) * size)))
}

function weakened({ operation }: Part): readonly Part[] {
  return isPure(operation) ? [] : [{ operation, isNeeded: false }]
}

function asked({ operation, isNeeded }: Part): Operation {
  return isNeeded ? operation : forgotten(operation)
}

/** A person who sees a value wants to see what wrote it. */
function withWriters(parts: readonly Part[]): readonly Operation[] {
  const needed = parts.flatMap(({ operation, isNeeded }) => (isNeeded ? [operation] : []))
  const values = new Set(needed.flatMap((each) => [each.value, ...(each.op === 'cas' ? [each.from] : [])]))
  return parts
    .filter(({ operation, isNeeded }) => isNeeded || ('to' in operation && values.has(operation.to)))
    .map(({ operation }) => operation)
}
