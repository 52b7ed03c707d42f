import { expect, test } from 'vitest'
import type { QuorumApi } from '../../../src/adapters/nats/quorum/nats-quorum-api.ts'
import { QuorumFollower } from '../../../src/adapters/nats/quorum/nats-quorum-follower.ts'
import type { Log } from '../../../src/ports/log.ts'
import type { QuorumEntry } from '../../../src/ports/quorum.ts'
import { eventually } from '../../replication/eventually.ts'

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => silent }
const entryOf = (sequence: number): QuorumEntry => ({ sequence, atMs: 0, id: `${sequence}`, bytes: Buffer.alloc(1) })

/** A stream of which copies have the entries up to `last`. */
function following() {
  const taken: number[] = []
  const told = { last: 0, questions: 0 }
  const found = (sequence: number): Promise<QuorumEntry | undefined> => {
    told.questions++
    return Promise.resolve(sequence <= told.last ? entryOf(sequence) : undefined)
  }
  const api: Pick<QuorumApi, 'group' | 'entry' | 'entryFrom' | 'facts'> = {
    group: 'nodes',
    entry: found,
    entryFrom: found,
    facts: () => Promise.resolve({ first: 1, last: told.last, servers: ['a'], reached: 1 }),
  }
  const take = ({ sequence }: QuorumEntry): void => void taken.push(sequence)
  const follower = new QuorumFollower({ api: api as QuorumApi, after: 0, take, onGap: () => {}, log: silent })
  return { follower, taken, told }
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1)

test('entries that are pushed are taken without a question for each', async () => {
  const { follower, taken, told } = following()
  await eventually('the beginning is looked at', () => told.questions > 0)
  const before = told.questions
  for (const sequence of upTo(20)) {
    follower.pushed(entryOf(sequence))
    await eventually(`${sequence} is taken`, () => taken.length === sequence)
  }
  expect(taken).toEqual(upTo(20))
  // A process that stands still for a second asks once.
  expect(told.questions - before).toBeLessThan(10)
  await follower.stop()
})

test('an entry whose push was lost is asked for, once nothing has come for a while', async () => {
  const { follower, taken, told } = following()
  follower.pushed(entryOf(1))
  await eventually('the first is taken', () => taken.length === 1)
  told.last = 2
  await eventually('the second is taken', () => taken.length === 2)
  expect(taken).toEqual([1, 2])
  await follower.stop()
})

test('all that was placed while the connection was lost is asked for with the next one', async () => {
  const { follower, taken, told } = following()
  await eventually('the beginning is looked at', () => told.questions > 0)
  told.last = 5
  follower.connected()
  await eventually('all are taken', () => taken.length === 5)
  expect(taken).toEqual(upTo(5))
  await follower.stop()
})
