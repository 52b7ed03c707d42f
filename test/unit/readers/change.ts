import type { BatchChange } from '../../../src/core/change/batch.ts'

/** Of an item, where only its place in the log matters. */
export const change = (position: number): BatchChange => ({
  position,
  group: position,
  kind: 'item',
  table: 't',
  ordinal: position,
  key: Buffer.from('k'),
  row: Buffer.alloc(0),
})
