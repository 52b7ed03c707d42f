/** Compression as a node has it: gzip is packed and unpacked in the threads of Node's zlib, and clients are answered meanwhile. Node 20 has no zstd. */
import { createGunzip, gzip } from 'node:zlib'
import type { Packing, Unpacker } from '../../ports/packing.ts'
import { packing } from './packing.ts'

export const threadedPacking: Packing = {
  ...packing,
  gzip: (parts) =>
    new Promise((resolve, reject) => {
      gzip(Buffer.concat(parts), (error, packed) => (error === null ? resolve(packed) : reject(error)))
    }),
  unpacker: (compression) => (compression === 'GZIP' ? gzipUnpacker() : packing.unpacker(compression)),
}

/** zlib compares the checksum behind each member. */
function gzipUnpacker(): Unpacker {
  const stream = createGunzip()
  let given: Buffer[] = []
  let isEmpty = true
  let failed: Error | undefined
  let fail: (error: Error) => void = () => undefined
  stream.on('data', (bytes: Buffer) => void given.push(bytes))
  // A write that fails is not always called back.
  stream.on('error', (error) => fail((failed ??= error)))
  return (bytes, isLast) =>
    new Promise((resolve, reject) => {
      isEmpty &&= bytes.length === 0
      if (failed !== undefined) return reject(failed)
      if (isLast && isEmpty) return resolve([])
      fail = reject
      // What comes between two pieces belongs to the next.
      const take = (): void => {
        const taken = given
        given = []
        resolve(taken)
      }
      if (isLast) stream.once('end', take).end(bytes)
      else stream.write(bytes, (error) => (error ? reject(error) : take()))
    })
}
