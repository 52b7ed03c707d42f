/** Which writes a flush takes along on a slow disk: who was answered by the one before comes back within a moment. */
import { describe, expect, it } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import type { Edit } from '../../../src/ports/store.ts'
import { itemOf, makeTable, openRegion, put, regionNames, TestClock } from './region.ts'

const [us] = regionNames

class HeldStore extends MemoryStore {
  flushes = 0
  readonly #waiting: (() => void)[] = []
  isHeld = false

  override async write(batch: readonly Edit[]): Promise<void> {
    this.flushes++
    if (this.isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    await super.write(batch)
  }

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

/** What waits for a time is run by the test. */
class StoppedClock extends TestClock {
  readonly pending = new Set<() => void>()

  override after(_ms: number, work: () => void): () => void {
    this.pending.add(work)
    return () => void this.pending.delete(work)
  }

  ring(): void {
    for (const work of this.pending) work()
    this.pending.clear()
  }
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** One write is being flushed, which takes so long, and another waits for it. */
async function duringFlush(tookMs: number) {
  const [store, clock] = [new HeldStore(), new StoppedClock()]
  const { engine } = await openRegion(us, store, { clock })
  const table = await makeTable(engine, 'T')
  await turns()
  clock.pending.clear()
  store.isHeld = true
  store.flushes = 0
  const write = (n: number) => engine.commit([put(table, itemOf('x', n))])
  const first = write(1)
  await turns()
  const second = write(2)
  clock.monotonic += tookMs
  store.isHeld = false
  store.release()
  await first
  await turns()
  return { store, clock, engine, write, second }
}

describe('a write that waited for a flush', () => {
  it('goes at once where the flush was fast', async () => {
    const { store, clock, second } = await duringFlush(1)
    await second
    expect([store.flushes, clock.pending.size]).toEqual([2, 0])
  })

  it('goes together with that of a client which a slow flush has answered', async () => {
    const { store, clock, write, second } = await duringFlush(20)
    expect(store.flushes).toBe(1)
    await Promise.all([second, write(3)])
    expect([store.flushes, clock.pending.size]).toEqual([2, 0])
  })

  it('goes alone where nobody comes back', async () => {
    const { store, clock, second } = await duringFlush(20)
    expect(store.flushes).toBe(1)
    clock.ring()
    await second
    expect([store.flushes, clock.pending.size]).toEqual([2, 0])
  })

  it('is stored before the engine is closed', async () => {
    const { store, clock, engine, second } = await duringFlush(20)
    const closed = engine.close()
    clock.ring()
    await Promise.all([second, closed])
    expect(store.flushes).toBe(2)
  })
})
