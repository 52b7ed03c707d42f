/** Gives names to what may keep a node's event loop, so that the warning about a long turn says which work it was. */
import type { TurnWatch } from '../adapters/system/turn-watch.ts'
import type { Turns } from '../core/turns.ts'
import type { Engine } from '../engine/engine.ts'

const named = ['apply', 'merge', 'mergeRegisters', 'rows', 'conflicts', 'removeTombstones', 'registers'] as const

export function nameTurns(engine: Engine, turns: Pick<TurnWatch, 'run'>): void {
  for (const name of named) {
    const work = (engine[name] as (...given: unknown[]) => unknown).bind(engine)
    Object.assign(engine, { [name]: (...given: unknown[]) => turns.run(name, () => work(...given)) })
  }
  const read = engine.read.bind(engine)
  engine.read = (plan) => eachTurn(read(plan), turns)
}

function eachTurn<Result>(work: Turns<Result>, turns: Pick<TurnWatch, 'run'>): Turns<Result> {
  const next = work.next.bind(work)
  return Object.assign(work, { next: () => turns.run('read', next) })
}
