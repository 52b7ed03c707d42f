/** Every record that a node reads by itself is read by the check of the content, which names the first that cannot be decoded. */
import { describe, expect, it } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { decodeRow, encodeRow } from '../../../src/core/item/row.ts'
import { encodePrimaryKey } from '../../../src/core/key/primary-key.ts'
import { checkContent } from '../../../src/engine/store/content.ts'
import type { Table } from '../../../src/core/table/table.ts'
import { countsKey, cursorKey, logKey, noteKey, registerKey, rowKey } from '../../../src/engine/store/keys.ts'
import type { Store } from '../../../src/ports/store.ts'
import { del, itemOf, makeTable, openRegion, put, replicate } from './region.ts'

const rows = 600

function check(store: Store): number {
  let turns = 0
  for (const _ of checkContent(store)) turns++
  return turns
}

type Made = { readonly store: Store; readonly table: Table }

/** Own and foreign changes, deletes, registers, notes, a cursor and counts. */
async function filled(): Promise<Made> {
  const store = new MemoryStore()
  const { engine } = await openRegion('us-east-1', store)
  const replicas = ['us-east-1', 'eu-west-1'] as const
  const table = await makeTable(engine, 'orders', { replicas, indexes: { 'by-color': {} } })
  const alone = await makeTable(engine, 'alone')
  for (let n = 0; n < rows; n++) await engine.commit([put(table, itemOf('a', n, { color: { S: 'red' } }))])
  await engine.commit([put(alone, itemOf('b', 1))])
  await engine.commit([del(alone, itemOf('b', 1)), del(table, itemOf('a', 3))])
  await engine.setNote('replication/confirmed', { 'eu-west-1': 3 })
  const peer = await openRegion('eu-west-1')
  const theirs = await makeTable(peer.engine, 'orders', { replicas, indexes: { 'by-color': {} } })
  await replicate(engine, peer.engine)
  await peer.engine.commit([put(theirs, itemOf('c', 1))])
  await replicate(peer.engine, engine)
  await Promise.all([engine.close(), peer.engine.close()])
  return { store, table }
}

describe('the check of the content', () => {
  it('finds nothing in what a region has written, and takes turns', async () => {
    const { store } = await filled()
    expect(check(store)).toBeGreaterThan(2)
  })

  const kinds: readonly (readonly [string, (table: Table) => Buffer, RegExp])[] = [
    ['a note', () => noteKey('replication/confirmed'), /^the note replication\/confirmed is damaged: /],
    ['a cursor', () => cursorKey('eu-west-1'), /^the place in the log of eu-west-1 is damaged: /],
    ['counts', ({ number }) => countsKey(number), /^the counts of table number 1 is damaged: /],
    [
      'a register',
      ({ id }) => registerKey(id, 'definition'),
      /^the register definition of table id-orders is damaged: /,
    ],
    ['a change', () => logKey(17), /^position 17 of the log is damaged: /],
  ]
  for (const [what, keyOf, named] of kinds)
    it(`names ${what} that cannot be decoded`, async () => {
      const { store, table } = await filled()
      const key = keyOf(table)
      const value = Buffer.from(store.get(key) ?? '')
      expect(value.length).toBeGreaterThan(0)
      value[0] = 0xff
      await store.write([{ key, value }])
      expect(() => check(store)).toThrow(named)
    })

  const keyOfItem = (table: Table): Buffer => rowKey(table.number, encodePrimaryKey(table.key, itemOf('a', 500)))

  it('names a row whose item cannot be parsed', async () => {
    const { store, table } = await filled()
    const key = keyOfItem(table)
    const row = decodeRow(store.get(key) ?? Buffer.alloc(0))
    await store.write([{ key, value: encodeRow({ ...row, body: Buffer.from('{"pk":') }) }])
    expect(() => check(store)).toThrow(/^the row \S+ of table number 1 is damaged: /)
  })

  it('leaves a row to its quarantine whose checksum is wrong', async () => {
    const { store, table } = await filled()
    const key = keyOfItem(table)
    const value = Buffer.from(store.get(key) ?? '')
    value[20] = (value[20] ?? 0) ^ 1
    await store.write([{ key, value }])
    expect(check(store)).toBeGreaterThan(2)
  })
})
