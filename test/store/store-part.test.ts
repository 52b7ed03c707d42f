import { expect, it } from 'vitest'
import { MemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { StorePart } from '../../src/region/nodes/store/store-part.ts'
import { storeContract } from './contract.ts'

const edit = (key: string, value: string | undefined = key) => ({
  key: Buffer.from(key),
  value: value === undefined ? undefined : Buffer.from(value),
})
const textOf = (part: StorePart): readonly string[] =>
  [...part.entries({ from: Buffer.alloc(0), to: Buffer.of(0xff) })].map(
    ({ key, value }) => `${key.toString()}=${value.toString()}`,
  )

storeContract('part of a store', async () => {
  const whole = new MemoryStore()
  // What lies around it is none of its own.
  for (const [group, number] of [
    ['a', 7],
    ['b', 6],
    ['b', 8],
    ['bb', 7],
  ] as const)
    await new StorePart(whole, group, number).write([edit('a', 'of another'), edit('\xff')])
  return {
    store: new StorePart(whole, 'b', 7),
    reopen: async () => {
      await whole.close()
      return new StorePart(new MemoryStore({ disk: whole.disk }), 'b', 7)
    },
    remove: () => whole.close(),
  }
})

it('a part of a store is emptied without the others, and without what the store has beside', async () => {
  const whole = new MemoryStore()
  const [first, second] = [new StorePart(whole, 'group', 1), new StorePart(whole, 'group', 2)]
  await whole.write([edit('\x10row'), edit('\x93other')])
  await first.write([edit('a'), edit('b')])
  await second.write([edit('a')])
  await first.clear()
  expect([textOf(first), textOf(second)]).toEqual([[], ['a=a']])
  expect(['\x10row', '\x93other'].map((key) => whole.get(Buffer.from(key))?.toString())).toEqual([
    '\x10row',
    '\x93other',
  ])
})
