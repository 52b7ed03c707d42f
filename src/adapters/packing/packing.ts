/**
 * Compression and checksums in the turn that asks, which is what a cluster with a time of its own needs; a node packs gzip in other threads
 * (threaded-packing.ts). gzip is written by Node's zlib; gzip and zstd are read by fflate and fzstd, so that what is read can be bounded piece by piece.
 */
import { createHash } from 'node:crypto'
import { crc32, gzipSync } from 'node:zlib'
import { Gunzip } from 'fflate'
import { Decompress } from 'fzstd'
import type { Packing, Unpacker } from '../../ports/packing.ts'

export const packing: Packing = {
  md5: (bytes) => createHash('md5').update(bytes).digest(),
  gzip: async (parts) => gzipSync(Buffer.concat(parts)),
  unpacker: (compression) => {
    const unpack = compression === 'GZIP' ? gzipUnpacker() : zstdUnpacker()
    return async (bytes, isLast) => unpack(bytes, isLast)
  },
}

type UnpackNow = (...of: Parameters<Unpacker>) => readonly Buffer[]

type Stream = { push(bytes: Uint8Array, isLast?: boolean): void }

/** What a push gives is collected. */
function unpackerOf(make: (take: (bytes: Uint8Array) => void) => Stream): UnpackNow {
  let given: Buffer[] = []
  const stream = make((bytes) => {
    // Both libraries may use the memory of what they gave again.
    if (bytes.length > 0) given.push(Buffer.from(bytes))
  })
  return (bytes, isLast) => {
    given = []
    stream.push(bytes, isLast)
    return given
  }
}

/** fflate does not look at the checksum behind each member. */
function gzipUnpacker(): UnpackNow {
  let sum = 0
  let tail = Buffer.alloc(0)
  let taken = 0
  const check = (end: number): void => {
    const from = end - (taken - tail.length) - trailerBytes
    if (from < 0 || tail.readUInt32LE(from) !== sum) throw new Error('its checksum is wrong')
    sum = 0
  }
  const unpack = unpackerOf((take) => {
    const stream = new Gunzip((bytes) => {
      sum = crc32(bytes, sum)
      take(bytes)
    })
    stream.onmember = check
    return stream
  })
  return (bytes, isLast) => {
    tail = Buffer.concat([tail.subarray(-tailBytesMax), bytes])
    taken += bytes.length
    if (isLast && taken === 0) return []
    const given = unpack(bytes, isLast)
    if (isLast) check(taken)
    return given
  }
}

const trailerBytes = 8
/** The head of the next member may be so long, with the name of a file. */
const tailBytesMax = 64 * 1024

const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

/** Frames that ask for more memory than the format’s own tool gives them are refused. */
function zstdUnpacker(): UnpackNow {
  const unpack = unpackerOf((take) => new Decompress(take))
  let head: Buffer | undefined = Buffer.alloc(0)
  return (bytes, isLast) => {
    if (head === undefined) return unpack(bytes, isLast)
    head = Buffer.concat([head, bytes])
    if (head.length < headBytesMax && !isLast) return []
    const first = head
    head = undefined
    if (first.length === 0) return []
    checkFrame(first)
    return unpack(first, isLast)
  }
}

const headBytesMax = 18
const windowBytesMax = 128 * 1024 * 1024

/** https://datatracker.ietf.org/doc/html/rfc8878#section-3.1.1.1 */
function checkFrame(bytes: Buffer): void {
  if (bytes.length < 6 || !bytes.subarray(0, magic.length).equals(magic)) throw new Error('it is no zstd')
  const descriptor = bytes[4] as number
  const isSingleSegment = (descriptor & 0x20) !== 0
  const window = isSingleSegment ? contentSize(bytes, descriptor) : windowSize(bytes[5] as number)
  if (window > windowBytesMax) throw new Error('it asks for more than 128 MiB of memory')
}

const windowSize = (byte: number): number => 2 ** (10 + (byte >> 3)) * (1 + (byte & 7) / 8)

/** Without a window there may be as many bytes as the frame says. */
function contentSize(bytes: Buffer, descriptor: number): number {
  const at = 5 + ([0, 1, 2, 4][descriptor & 3] ?? 0)
  const sizeFlag = descriptor >> 6
  if (sizeFlag === 0) return bytes[at] ?? 0
  if (sizeFlag === 1) return bytes.readUInt16LE(at) + 256
  return sizeFlag === 2 ? bytes.readUInt32LE(at) : Number(bytes.readBigUInt64LE(at))
}
