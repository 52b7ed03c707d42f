/** Writes a tar archive, gzip'd, of files that are in memory: the ustar form, which every tar reads. */
import { gzipSync } from 'node:zlib'

export type ArchivedFile = { readonly name: string; readonly text: string }

const blockBytes = 512
const nameBytesMax = 100

/** Names are ASCII and short, as those of our own files are. */
export function archiveOf(files: readonly ArchivedFile[], modified: Date): Buffer {
  const blocks = files.flatMap(({ name, text }) => {
    const bytes = Buffer.from(text)
    return [headerOf(name, bytes.length, modified), bytes, Buffer.alloc(-bytes.length & (blockBytes - 1))]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]))
}

function headerOf(name: string, sizeBytes: number, modified: Date): Buffer {
  if (Buffer.byteLength(name) > nameBytesMax) throw new RangeError(`the name ${name} is too long for an archive`)
  const header = Buffer.alloc(blockBytes)
  header.write(name, 0)
  header.write(octal(0o600, 8), 100)
  header.write(octal(0, 8), 108)
  header.write(octal(0, 8), 116)
  header.write(octal(sizeBytes, 12), 124)
  header.write(octal(Math.floor(modified.getTime() / 1000), 12), 136)
  // The checksum counts its own field as spaces.
  header.write(' '.repeat(8), 148)
  header.write('0', 156)
  header.write('ustar\u000000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`
}
