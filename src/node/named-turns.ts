/** Gives names to what may keep a node's event loop, so that the warning about a long turn says which work it was. */
import type { TurnWatch } from '../adapters/turn-watch.ts'
import type { Engine } from '../engine/engine.ts'

const named = [
  'apply',
  'merge',
  'mergeRegisters',
  'read',
  'rows',
  'conflicts',
  'removeTombstones',
  'registers',
] as const

export function nameTurns(engine: Engine, turns: Pick<TurnWatch, 'run'>): void {
  for (const name of named) {
    const work = (engine[name] as (...given: unknown[]) => unknown).bind(engine)
    Object.assign(engine, { [name]: (...given: unknown[]) => turns.run(name, () => work(...given)) })
  }
}
