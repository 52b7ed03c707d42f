import { array, assert, asyncProperty, integer } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Mutex } from '../../../../../src/readers/replication/flow/mutex.ts'
import { forEach, Gate } from '../../../../../src/readers/replication/flow/gate.ts'

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await Promise.resolve()
}

describe('a gate', () => {
  it('lets pass what comes to no more than its bound, in the order in which it came, and all of it in the end', async () => {
    const works = array(integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 40 })
    await assert(
      asyncProperty(works, integer({ min: 1, max: 8 }), async (weights, max) => {
        const gate = new Gate(max)
        const entered: number[] = []
        let underWay = 0
        await Promise.all(
          weights.map((weight, n) =>
            gate.pass(weight, async () => {
              entered.push(n)
              underWay += Math.min(weight, max)
              expect(underWay).toBeLessThanOrEqual(max)
              await turns(weight)
              underWay -= Math.min(weight, max)
            }),
          ),
        )
        expect(entered).toEqual(weights.map((_, n) => n))
      }),
    )
  })

  it('goes on after work that fails', async () => {
    const gate = new Gate(1)
    const failed = gate.pass(1, () => Promise.reject(new Error('no')))
    const next = gate.pass(1, () => Promise.resolve('yes'))
    await expect(failed).rejects.toThrow('no')
    expect(await next).toBe('yes')
  })
})

describe('work for each of many', () => {
  it('is under way for so many at a time, and begins no more once one has failed', async () => {
    const begun: number[] = []
    let underWay = 0
    const work = async (n: number): Promise<void> => {
      begun.push(n)
      expect(++underWay).toBeLessThanOrEqual(3)
      await turns(n % 5)
      underWay--
      if (n === 6) throw new Error('six')
    }
    await expect(
      forEach(
        Array.from({ length: 100 }, (_, n) => n),
        3,
        work,
      ),
    ).rejects.toThrow('six')
    expect(underWay).toBe(0)
    expect(begun.length).toBeLessThan(20)
  })
})

describe('work under a mutex', () => {
  it('is alone, while shared work runs together', async () => {
    const mutex = new Mutex()
    const events: string[] = []
    const work = (name: string) => async (): Promise<void> => {
      events.push(`${name} begins`)
      await turns(5)
      events.push(`${name} ends`)
    }
    await Promise.all([
      mutex.share(work('a')),
      mutex.share(work('b')),
      mutex.run(work('C')),
      mutex.share(work('d')),
      mutex.share(work('e')),
      mutex.run(work('F')),
    ])
    const at = (event: string): number => events.indexOf(event)
    expect(at('b begins')).toBeLessThan(at('a ends'))
    expect(at('C begins')).toBeGreaterThan(Math.max(at('a ends'), at('b ends')))
    expect(at('d begins')).toBeGreaterThan(at('C ends'))
    expect(at('e begins')).toBeLessThan(at('d ends'))
    expect(at('F begins')).toBeGreaterThan(Math.max(at('d ends'), at('e ends')))
  })
})
