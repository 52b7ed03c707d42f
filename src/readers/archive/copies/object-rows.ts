/** Rows of an object of a bucket, unpacked, in bounded memory. What follows an unusable row in its object is not looked at. */
import type { ImportFormat } from '../../../core/copies/copy-job.ts'
import { type ImportRow, type RowReader, UnusableLine } from '../../../core/copies/import-rows.ts'
import { BinaryIon, IonSplitter } from '../../../core/copies/ion/ion-splitter.ts'
import { LineSplitter, LineTooLong } from '../../../core/copies/line-splitter.ts'
import { readAtOnceBytes, unpackedAtOnceBytes } from '../../../core/limits/copy-limits.ts'
import type { Blobs } from '../../../ports/blobs.ts'
import type { Unpacker } from '../../../ports/packing.ts'

export type ObjectToRead = {
  readonly object: string
  readonly format: ImportFormat
  /** Undefined: as it is. */
  readonly unpack: Unpacker | undefined
  readonly read: RowReader
  /** Rows up to this line are not returned. */
  readonly skipped: number
  /** Told how many of its bytes were read. */
  readonly onBytes: (count: number) => void
}

/** `line`: of the object; of Ion, which value. */
export type RowAt = { readonly row: ImportRow; readonly line: number }

/** It cannot be unpacked. */
class DamagedObject extends Error {
  override readonly name = 'DamagedObject'
}

/** Some at a time. */
export async function* objectRows(bucket: Pick<Blobs, 'get'>, of: ObjectToRead): AsyncGenerator<readonly RowAt[]> {
  const splitter = of.format === 'ION' ? new IonSplitter() : new LineSplitter()
  const rows = new Rows(of)
  try {
    for await (const bytes of plainBytes(bucket, of)) {
      for (const piece of splitter.add(bytes)) rows.add(piece)
      if (rows.found.length > 0) yield rows.take()
    }
    for (const piece of splitter.end()) rows.add(piece)
  } catch (error) {
    if (!unusable.some((kind) => error instanceof kind)) throw error
    rows.end((error as Error).message)
  }
  if (rows.found.length > 0) yield rows.take()
}

const unusable = [UnusableLine, DamagedObject, LineTooLong, BinaryIon]

class Rows {
  readonly #of: ObjectToRead
  #line = 0
  found: RowAt[] = []

  constructor(of: ObjectToRead) {
    this.#of = of
  }

  add(piece: Buffer): void {
    this.#line++
    const row = this.#of.read(piece)
    if (row !== undefined && this.#line > this.#of.skipped) this.found.push({ row, line: this.#line })
  }

  end(problem: string): void {
    const row: ImportRow = { problem: `${this.#of.object}, line ${this.#line}: ${problem}` }
    this.found.push({ row, line: this.#line })
  }

  take(): readonly RowAt[] {
    const { found } = this
    this.found = []
    return found
  }
}

async function* plainBytes(
  bucket: Pick<Blobs, 'get'>,
  { object, unpack, onBytes }: ObjectToRead,
): AsyncGenerator<Buffer> {
  let isLast = false
  for (let from = 0; !isLast; from += readAtOnceBytes) {
    const bytes = (await bucket.get(object, { from, to: from + readAtOnceBytes })) ?? Buffer.alloc(0)
    isLast = bytes.length < readAtOnceBytes
    onBytes(from + bytes.length)
    if (unpack === undefined) yield* pieces(bytes)
    else yield* unpacked(unpack, bytes, isLast)
  }
}

/** So that a turn does not take long. */
function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += plainAtOnceBytes) yield bytes.subarray(at, at + plainAtOnceBytes)
}

const plainAtOnceBytes = 64 * 1024

/** A small piece may become very large. */
async function* unpacked(unpack: Unpacker, bytes: Buffer, isLast: boolean): AsyncGenerator<Buffer> {
  try {
    for (let at = 0; at === 0 || at < bytes.length; at += unpackedAtOnceBytes)
      yield* await unpack(
        bytes.subarray(at, at + unpackedAtOnceBytes),
        isLast && at + unpackedAtOnceBytes >= bytes.length,
      )
  } catch (error) {
    throw new DamagedObject(`it cannot be unpacked: ${(error as Error).message}`)
  }
}
