/** Lines of a file, decompressed by its name, in bounded memory. */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Failure, messageOf } from '../process/failure.ts'
import { documentBytesMax, lineBytesMax } from './limits.ts'

const newline = 0x0a

function bytesOf(path: string): AsyncIterable<Buffer> {
  const file = createReadStream(path)
  if (!path.endsWith('.gz')) return file as Readable as AsyncIterable<Buffer>
  const unpacked = createGunzip()
  file.on('error', (error) => unpacked.destroy(error))
  return file.pipe(unpacked) as Readable as AsyncIterable<Buffer>
}

/** Without their ends. Rejects with a Failure for a file that cannot be read, or a line that is too long. */
export async function* linesOf(path: string): AsyncGenerator<string> {
  let parts: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of bytesOf(path)) {
      let from = 0
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
        yield textOf([...parts, chunk.subarray(from, end)])
        parts = []
        length = 0
        from = end + 1
      }
      parts.push(chunk.subarray(from))
      length += chunk.length - from
      if (length > lineBytesMax) throw new Failure(`${path} has a line of more than ${lineBytesMax} bytes`)
    }
  } catch (error) {
    throw error instanceof Failure ? error : new Failure(`${path} cannot be read: ${messageOf(error)}`)
  }
  if (length > 0) yield textOf(parts)
}

function textOf(parts: readonly Buffer[]): string {
  const text = Buffer.concat(parts).toString('utf8')
  return text.endsWith('\r') ? text.slice(0, -1) : text
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
