/**
 * Sequence numbers of a change stream: when the region committed the change, by its hybrid clock, and the change's position in the region's log. Both are one decimal
 * number of 28 digits. The clock never goes back, and positions count up within one of its milliseconds. So no number is given twice, also where an older copy of a store
 * gives a position a second time. All have one length: as texts they compare as they do as numbers.
 */
import type { Position } from '../change/change.ts'

export type Sequence = { readonly atMs: number; readonly position: Position }

const msDigits = 13
const positionDigits = 15

export function sequenceNumber({ atMs, position }: Sequence): string {
  return `${String(atMs).padStart(msDigits, '0')}${String(position).padStart(positionDigits, '0')}`
}

/** Undefined for a text that is no sequence number of ours; zeros before it say nothing. */
export function parseSequenceNumber(text: string): Sequence | undefined {
  if (!/^\d{1,40}$/.test(text)) return undefined
  const digits = text.replace(/^0+/, '').padStart(msDigits + positionDigits, '0')
  if (digits.length > msDigits + positionDigits) return undefined
  return { atMs: Number(digits.slice(0, msDigits)), position: Number(digits.slice(msDigits)) }
}
