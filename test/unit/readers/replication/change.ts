import type { BatchChange } from '../../../../src/core/change/batch.ts'
import { stampSizeBytes, writeStamp } from '../../../../src/core/hybrid-logical-clock/stamp.ts'

/** Of an item, where only its place in the log matters. */
export const change = (position: number): BatchChange => ({
  position,
  group: position,
  kind: 'item',
  table: 't',
  ownNumber: position,
  key: Buffer.from('k'),
  row: Buffer.alloc(0),
})

/** The same, as its region stamped it. */
export const stamped = (position: number, wallMs: number): BatchChange => {
  const row = Buffer.alloc(2 + stampSizeBytes)
  writeStamp(row, 1, { wallMs, counter: 0, region: 1 })
  return { ...change(position), row }
}
