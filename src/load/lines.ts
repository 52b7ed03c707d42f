/** Lines of a file, decompressed by its name, in bounded memory. */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { LineSplitter, LineTooLong } from '../core/copies/line-splitter.ts'
import { Failure, messageOf } from '../process/failure.ts'
import { documentBytesMax } from './limits.ts'

function bytesOf(path: string): AsyncIterable<Buffer> {
  const file = createReadStream(path)
  if (!path.endsWith('.gz')) return file as Readable as AsyncIterable<Buffer>
  const unpacked = createGunzip()
  file.on('error', (error) => unpacked.destroy(error))
  return file.pipe(unpacked) as Readable as AsyncIterable<Buffer>
}

/** Without their ends. Rejects with a Failure for a file that cannot be read, or a line that is too long. */
export async function* linesOf(path: string): AsyncGenerator<string> {
  const lines = new LineSplitter()
  try {
    for await (const chunk of bytesOf(path)) for (const line of lines.add(chunk)) yield line.toString('utf8')
  } catch (error) {
    if (error instanceof LineTooLong) throw new Failure(`${path}: ${error.message}`)
    throw error instanceof Failure ? error : new Failure(`${path} cannot be read: ${messageOf(error)}`)
  }
  for (const line of lines.end()) yield line.toString('utf8')
}

/** The whole of a file that is one document. */
export async function documentIn(path: string): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of bytesOf(path)) {
      parts.push(chunk)
      length += chunk.length
      if (length > documentBytesMax) throw new Failure(`${path} is a document of more than ${documentBytesMax} bytes`)
    }
  } catch (error) {
    throw error instanceof Failure ? error : new Failure(`${path} cannot be read: ${messageOf(error)}`)
  }
  return Buffer.concat(parts).toString('utf8')
}
