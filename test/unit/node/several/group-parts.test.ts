/** The stores of groups of regions in a region of several nodes: parts of one store. */
import { expect, test } from 'vitest'
import { MemoryStore } from '../../../../src/adapters/memory/memory-store.ts'
import { groupPartsOf } from '../../../../src/node/several/group-parts.ts'
import type { Store } from '../../../../src/ports/store.ts'
import { quiet } from '../../../replication/nats.ts'

const [group, all] = ['a_b_c', { from: Buffer.alloc(0), to: Buffer.of(0xff) }]
const edit = (key: string) => ({ key: Buffer.from(key), value: Buffer.from('x') })
const keysOf = (store: Store): readonly string[] => [...store.keys(all)].map((key) => key.toString())

test('each opening of a group finds what the one before has left, whichever node leads', async () => {
  const whole = new MemoryStore()
  const first = await groupPartsOf(whole, { log: quiet }).storeOf(group, 0, false)
  await first.write([edit('a')])
  expect(keysOf(await groupPartsOf(whole, { log: quiet }).storeOf(group, 0, false))).toEqual(['a'])
})

test('a replica that starts from another region has an empty part, and the former one goes when it is there', async () => {
  const whole = new MemoryStore()
  const ports = groupPartsOf(whole, { log: quiet })
  const former = await ports.storeOf(group, 0, false)
  await former.write([edit('a')])
  await (await ports.storeOf(group, 1, true)).write([edit('half')])
  // The start was broken off, and is made again.
  const next = await ports.storeOf(group, 1, true)
  expect([keysOf(next), keysOf(former)]).toEqual([[], ['a']])
  await next.write([edit('b')])
  const opened = await ports.storeOf(group, 1, false)
  expect(keysOf(opened)).toEqual(['b'])
  await expect.poll(() => keysOf(former)).toEqual([])
})

test('writes of other regions are guarded against unless it is turned off', () => {
  expect(groupPartsOf(new MemoryStore(), { log: quiet }).guards).toBe(true)
  expect(groupPartsOf(new MemoryStore(), { log: quiet, mrscConflicts: 'off' }).guards).toBe(false)
})
