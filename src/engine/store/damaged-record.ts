/** How a record of the store tells that it is not what was written. */
import { errorText } from '../../core/error-text.ts'
import { bodyOffset, decodeRow, isUnsealedRow, type Row, rowDamage } from '../../core/item/row.ts'
import { nameOfRecord } from './keys.ts'

/** What a reader gets of a record that is not what was written. A RangeError, as all bytes that cannot be decoded. */
export class DamagedRecord extends RangeError {
  override readonly name = 'DamagedRecord'
  readonly key: Buffer

  constructor(key: Uint8Array, reason: string) {
    super(`${nameOfRecord(Buffer.from(key))} is damaged: ${reason}`)
    this.key = Buffer.from(key)
  }

  /** Decodes a record; whatever that throws is the record's damage. */
  static unless<Result>(key: Uint8Array, decode: () => Result): Result {
    try {
      return decode()
    } catch (error) {
      throw error instanceof DamagedRecord ? error : new DamagedRecord(key, errorText(error))
    }
  }
}

/** Throws DamagedRecord for what is not the row that was written. */
export function checkRow(key: Uint8Array, row: Buffer, body?: Buffer): void {
  const damage = itemRowDamage(row, body)
  if (damage !== undefined) throw new DamagedRecord(key, damage)
}

/** Of a row without checksum at least the item begins like one: a row whose format was damaged has its checksum there. */
export function itemRowDamage(row: Buffer, body?: Buffer): string | undefined {
  const damage = rowDamage(row, body)
  if (damage !== undefined || !isUnsealedRow(row) || row[bodyOffset(row)] === openingBrace) return damage
  return 'its item is not one'
}

/** The row in the bytes; undefined where they are none. */
export function rowIn(bytes: Buffer): Row | undefined {
  try {
    return decodeRow(bytes)
  } catch {
    return undefined
  }
}

const openingBrace = 0x7b
