/**
 * LMDB trusts its file: one that is damaged or cut short makes the process crash where it should have thrown. So the first
 * two pages, which say what the rest is, are looked at before LMDB does.
 *
 * Each is a meta page: page header (24 bytes), magic u32, format u32, address, map size, the free list's and the main
 * tree's description (48 bytes each, page size first, root page last), last page u64, transaction u64.
 */
import { open } from 'node:fs/promises'

const magic = 0xbeefc0de
const magicAt = 24
const pageSizeAt = 48
const freeRootAt = 0x58
const mainRootAt = 0x88
const lastPageAt = 0x90
const transactionAt = 0x98
const metaSizeBytes = 0xa0
const noPage = 2n ** 64n - 1n
/** The last pages may be allocated and not written, when they were given back in the same transaction. */
const unwrittenPagesMax = 1024n

/** What is wrong with the file, for people; undefined when it may be opened, or is not there yet. */
export async function damageOf(path: string, pageSizeBytes: number): Promise<string | undefined> {
  const file = await openIfThere(path)
  if (file === undefined) return undefined
  try {
    const { size } = await file.stat()
    if (size === 0) return undefined
    const metas = [await read(file, 0), await read(file, pageSizeBytes)].filter((meta) => isMeta(meta, pageSizeBytes))
    const newest = metas.toSorted((a, b) => (transactionOf(a) > transactionOf(b) ? -1 : 1))[0]
    if (newest === undefined) return 'it is not one of our database files'
    return isWhole(newest, BigInt(Math.floor(size / pageSizeBytes))) ? undefined : 'the file has been cut short'
  } finally {
    await file.close()
  }
}

type File = Awaited<ReturnType<typeof open>>

async function openIfThere(path: string): Promise<File | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function read(file: File, at: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(metaSizeBytes), 0, metaSizeBytes, at)
  return buffer.subarray(0, bytesRead)
}

function isMeta(meta: Buffer, pageSizeBytes: number): boolean {
  return (
    meta.length === metaSizeBytes &&
    meta.readUInt32LE(magicAt) === magic &&
    meta.readUInt32LE(pageSizeAt) === pageSizeBytes
  )
}

function transactionOf(meta: Buffer): bigint {
  return meta.readBigUInt64LE(transactionAt)
}

function isWhole(meta: Buffer, pages: bigint): boolean {
  const roots = [meta.readBigUInt64LE(freeRootAt), meta.readBigUInt64LE(mainRootAt)]
  return (
    roots.every((root) => root === noPage || root < pages) &&
    meta.readBigUInt64LE(lastPageAt) < pages + unwrittenPagesMax
  )
}
