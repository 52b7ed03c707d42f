/** Makes of a store in the present format one of format 2, as version 0.1.0 would have written it. */
import type { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import type { Change } from '../../../src/core/change/change.ts'
import { changeIn, decodeEntry } from '../../../src/core/change/record.ts'
import { wireSizeBytes, writeWireRow } from '../../../src/core/item/row.ts'
import { allLog, allRegisters, allRows, identityKey, logKey } from '../../../src/engine/store/keys.ts'
import { isSealedKey, unsealed } from '../../../src/engine/store/sealed-store.ts'
import type { Edit, Range } from '../../../src/ports/store.ts'

const everything: Range = { from: Buffer.alloc(0), to: Buffer.of(0xff) }
const causes = ['client', 'ttl', 'replica', 'restore', 'import', 'table', 'replica-table']

/** It knew no change streams. */
const isOfLater = (key: Buffer): boolean => key[0] === 0x33 || key[0] === 0x34 || key[0] === 0x35

export async function asFormat2(store: MemoryStore): Promise<void> {
  const edits: Edit[] = []
  for (const { key, value } of store.entries(everything))
    if (isOfLater(key)) edits.push({ key, value: undefined })
    else if (isSealedKey(key)) edits.push({ key, value: unsealed(key, value) })
  for (const range of [allRows, allRegisters])
    for (const { key, value } of store.entries(range)) edits.push({ key, value: oldRow(value) })
  for (const { value } of store.entries(allLog))
    for (const head of decodeEntry(value))
      edits.push({ key: logKey(head.position), value: oldRecord(changeIn(head, value)) })
  await store.write([...edits, { key: identityKey, value: oldIdentity(store) }])
}

/** A row without a checksum. */
export function oldRow(row: Buffer): Buffer {
  const old = Buffer.alloc(wireSizeBytes(row, 0, row.length))
  writeWireRow(old, 0, row)
  return old
}

export function oldRecord({ position, group, cause, table, ownNumber, key, unshared, ...rows }: Change): Buffer {
  const row = oldRow(rows.row)
  const previous = rows.previous === undefined ? undefined : oldRow(rows.previous)
  const head = Buffer.alloc(31)
  head[0] = 1
  head[1] = causes.indexOf(cause) + (unshared === true ? 0x80 : 0)
  head.writeUIntBE(position, 2, 6)
  head.writeUIntBE(group, 8, 6)
  head.writeUIntBE(ownNumber, 14, 6)
  head[20] = Buffer.byteLength(table)
  head.writeUInt16BE(key.length, 21)
  head.writeUInt32BE(row.length, 23)
  head.writeUInt32BE(previous === undefined ? 0 : previous.length + 1, 27)
  return Buffer.concat([head, Buffer.from(table), key, row, previous ?? Buffer.alloc(0)])
}

function oldIdentity(store: MemoryStore): Buffer {
  const { whole: _, ...identity } = JSON.parse(String(store.get(identityKey))) as Record<string, unknown>
  return Buffer.from(JSON.stringify({ ...identity, format: 2 }))
}
