/** Lines of an object of a bucket, unpacked, in bounded memory. */
import { LineSplitter, LineTooLong } from '../../core/copies/line-splitter.ts'
import { readAtOnceBytes, unpackedAtOnceBytes } from '../../core/copies/limits.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Unpacker } from '../../ports/packing.ts'

/** It cannot be unpacked, or has a line without end. */
export class DamagedObject extends Error {
  override readonly name = 'DamagedObject'
}

export type ObjectToRead = {
  readonly object: string
  /** Undefined: as it is. */
  readonly unpack: Unpacker | undefined
  /** Told how many of its bytes were read. */
  readonly onBytes: (count: number) => void
}

export async function* objectLines(bucket: Pick<Blobs, 'get'>, read: ObjectToRead): AsyncGenerator<Buffer> {
  const lines = new LineSplitter()
  for await (const bytes of plainBytes(bucket, read))
    try {
      yield* lines.add(bytes)
    } catch (error) {
      throw error instanceof LineTooLong ? new DamagedObject(error.message) : error
    }
  yield* lines.end()
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
    if (unpack === undefined) yield bytes
    else yield* unpacked(unpack, bytes, isLast)
  }
}

/** A small piece may become very large. */
function* unpacked(unpack: Unpacker, bytes: Buffer, isLast: boolean): Generator<Buffer> {
  try {
    for (let at = 0; at === 0 || at < bytes.length; at += unpackedAtOnceBytes)
      yield* unpack(bytes.subarray(at, at + unpackedAtOnceBytes), isLast && at + unpackedAtOnceBytes >= bytes.length)
  } catch (error) {
    throw new DamagedObject(`it cannot be unpacked: ${(error as Error).message}`)
  }
}
