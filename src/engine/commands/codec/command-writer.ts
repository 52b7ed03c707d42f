/** Puts the fields of a command one after another; Reader (core/change/reader.ts) reads them. */
import { assert } from '../../../core/assert.ts'
import type { Proof } from '../../../core/change/proof.ts'

export class CommandWriter {
  readonly #parts: Buffer[] = []

  u8(value: number): this {
    assert(value >= 0 && value <= 0xff, 'command: a byte')
    return this.raw(Buffer.of(value))
  }

  u16(value: number): this {
    return this.#number(value, 2)
  }

  u32(value: number): this {
    return this.#number(value, 4)
  }

  u48(value: number): this {
    return this.#number(value, 6)
  }

  text(text: string): this {
    return this.short(Buffer.from(text))
  }

  /** Under a length of two bytes. */
  short(bytes: Buffer): this {
    return this.u16(bytes.length).raw(bytes)
  }

  /** Under a length of four bytes. */
  long(bytes: Buffer): this {
    return this.u32(bytes.length).raw(bytes)
  }

  maybe(bytes: Buffer | undefined): this {
    return bytes === undefined ? this.u8(0) : this.u8(1).long(bytes)
  }

  proof(proof: Proof | undefined): this {
    return proof === undefined ? this.u8(0) : this.u8(1).u48(proof.at).text(proof.of)
  }

  raw(bytes: Buffer): this {
    this.#parts.push(bytes)
    return this
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }

  #number(value: number, sizeBytes: number): this {
    assert(value >= 0 && value < 2 ** (8 * sizeBytes), 'command: a number fits its field')
    const bytes = Buffer.allocUnsafe(sizeBytes)
    bytes.writeUIntBE(value, 0, sizeBytes)
    return this.raw(bytes)
  }
}
