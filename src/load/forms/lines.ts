/** Lines of a file, unpacked by its name, in bounded memory. */
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { packing } from '../../adapters/packing/packing.ts'
import { BinaryIon, IonSplitter } from '../../core/copies/ion/ion-splitter.ts'
import { LineSplitter, LineTooLong } from '../../core/copies/line-splitter.ts'
import { unpackedAtOnceBytes } from '../../core/limits/copy-limits.ts'
import type { Unpacker } from '../../ports/packing.ts'
import { Failure, messageOf } from '../../process/failure.ts'
import type { Files } from '../places/local-files.ts'
import { documentBytesMax } from '../load-limits.ts'

function bytesOf(files: Files, path: string): AsyncIterable<Buffer> {
  const bytes = files.bytes(path)
  if (path.endsWith('.gz')) return gunzipped(bytes)
  return /\.zstd?$/.test(path) ? unzstd(bytes) : bytes
}

async function* unzstd(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const unpack = packing.unpacker('ZSTD')
  let last: Buffer = Buffer.alloc(0)
  for await (const next of bytes) {
    yield* unpacked(unpack, last, false)
    last = next
  }
  yield* unpacked(unpack, last, true)
}

async function* gunzipped(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const unpacking = createGunzip()
  // What fails is thrown by the reading below.
  pipeline(bytes, unpacking).catch(() => undefined)
  yield* unpacking as AsyncIterable<Buffer>
}

/** A small piece may become very large. The last may be empty. */
async function* unpacked(unpack: Unpacker, bytes: Buffer, isLast: boolean): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += unpackedAtOnceBytes)
    yield* await unpack(bytes.subarray(at, at + unpackedAtOnceBytes), false)
  if (isLast) yield* await unpack(Buffer.alloc(0), true)
}

/** Without their ends. Rejects with a Failure for a file that cannot be read, or a line that is too long. */
export function linesOf(files: Files, path: string): AsyncGenerator<string> {
  return piecesOf(files, path, new LineSplitter())
}

/** Structs of Ion text. */
export function ionStructsOf(files: Files, path: string): AsyncGenerator<string> {
  return piecesOf(files, path, new IonSplitter())
}

type Splitter = Pick<LineSplitter, 'add' | 'end'>

async function* piecesOf(files: Files, path: string, splitter: Splitter): AsyncGenerator<string> {
  try {
    for await (const chunk of bytesOf(files, path))
      for (const piece of splitter.add(chunk)) yield piece.toString('utf8')
  } catch (error) {
    if (error instanceof LineTooLong || error instanceof BinaryIon) throw new Failure(`${path}: ${error.message}`)
    throw error instanceof Failure ? error : new Failure(`${path} cannot be read: ${messageOf(error)}`)
  }
  for (const piece of splitter.end()) yield piece.toString('utf8')
}

/** The whole of a file that is one document. */
export async function documentIn(files: Files, path: string): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of bytesOf(files, path)) {
      parts.push(chunk)
      length += chunk.length
      if (length > documentBytesMax) throw new Failure(`${path} is a document of more than ${documentBytesMax} bytes`)
    }
  } catch (error) {
    throw error instanceof Failure ? error : new Failure(`${path} cannot be read: ${messageOf(error)}`)
  }
  return Buffer.concat(parts).toString('utf8')
}
