/**
 * Puts a copy of a whole region (region-backup.ts) into an empty folder. Everything is written and checked beside the places where a node looks, and moved
 * there once it is whole. A node does not start on a folder with a restore that is not finished, and the same restore finishes it.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { FolderBlobs } from '../../adapters/files/folder-blobs.ts'
import { openLmdbStore } from '../../adapters/lmdb/lmdb-store.ts'
import { copiedRecordsMax, regionCopyFilesMax } from '../../core/limits/archive-limits.ts'
import { framesIn } from '../../core/archive/length-frames.ts'
import {
  regionArchiveName,
  type RegionCopy,
  regionCopyFormat,
  regionKeysName,
  regionManifestName,
  regionStoreName,
} from '../../core/archive/region-copy.ts'
import { BlobUnusable, openBlob } from '../../core/archive/sealed-blob.ts'
import type { Region } from '../../core/topology.ts'
import { type Blobs, isBlobName } from '../../ports/blobs.ts'
import { type Edit, StoreFull } from '../../ports/store.ts'
import { Failure } from '../../process/failure.ts'
import { flushFolder, replaceSecretFile } from '../../process/files/secret-file.ts'
import { dataKeysName } from './data-keys.ts'
import { archiveFolderName, restoringName, storeFolderName } from './data-names.ts'
import { regionCopiesIn } from './region-backup.ts'

export type RegionRestore = {
  readonly region: Region
  /** The data folder of the region's node. */
  readonly folder: string
  readonly from: Pick<Blobs, 'get' | 'list'>
  /** The copy; the newest whole one when not given. */
  readonly id?: string | undefined
  readonly onProgress: (done: string) => void
}

export type RegionRestored = {
  readonly copy: RegionCopy
  /** What an earlier restore left: it had been whole, or was begun again. */
  readonly earlier?: 'finished' | 'begun again'
}

const count = z.int().min(0)
const manifest = z.object({
  format: z.literal(regionCopyFormat),
  id: z.string(),
  region: z.string(),
  number: z.int(),
  createdMs: count,
  store: z.object({ blobs: count, records: count, bytes: count }),
  archive: z.array(z.string().refine(isBlobName, 'no name of a file')).max(regionCopyFilesMax),
  hasDataKeys: z.boolean(),
})

/** In the folder of the restore once all is there. */
const wholeName = 'whole.json'

/** Rejects with a Failure that names what is wrong; then a node that is started there says that the restore is not finished. */
export async function restoreRegion(restore: RegionRestore): Promise<RegionRestored> {
  const { folder } = restore
  const beside = join(folder, restoringName)
  try {
    const whole = wholeIn(beside)
    if (whole !== undefined) {
      refuseOther(restore, whole)
      move(folder, beside)
      return { copy: whole, earlier: 'finished' }
    }
    const wasBegun = existsSync(beside)
    if (!wasBegun) refuseFilled(folder)
    const copy = await copyOf(restore)
    rmSync(beside, { recursive: true, force: true })
    mkdirSync(beside, { recursive: true, mode: 0o700 })
    await fill(restore, copy, beside)
    writeFileSync(join(beside, wholeName), JSON.stringify(copy), { flush: true })
    flushFolder(beside)
    move(folder, beside)
    return { copy, ...(wasBegun ? { earlier: 'begun again' as const } : {}) }
  } catch (error) {
    if (error instanceof BlobUnusable || error instanceof StoreFull) throw new Failure(error.message)
    throw error
  }
}

function wholeIn(beside: string): RegionCopy | undefined {
  const path = join(beside, wholeName)
  return existsSync(path) ? manifest.parse(JSON.parse(readFileSync(path, 'utf8'))) : undefined
}

function refuseOther({ region, id }: RegionRestore, whole: RegionCopy): void {
  refuseForeign(region, whole)
  if (id !== undefined && id !== whole.id)
    throw new Failure(`a restore of ${whole.id} is to be finished first: say the same id, or none`)
}

function refuseFilled(folder: string): void {
  const found = [storeFolderName, archiveFolderName, dataKeysName].find((name) => existsSync(join(folder, name)))
  if (found !== undefined)
    throw new Failure(
      `${join(folder, found)} is there already: a region is restored into an empty folder only; move it away`,
    )
}

async function copyOf({ from, id, region }: RegionRestore): Promise<RegionCopy> {
  const copies = await regionCopiesIn(from)
  const whole = copies.filter(({ isWhole }) => isWhole).map((each) => each.id)
  const chosen = id ?? whole.at(-1)
  if (chosen === undefined || !whole.includes(chosen)) {
    const others = copies.length - whole.length
    const unfinished = others === 0 ? '' : `; ${others} that are not whole are not used`
    throw new Failure(`there is no whole copy ${id ?? ''} of ${region.name}${unfinished}`.replace('  ', ' '))
  }
  const name = regionManifestName(chosen)
  const parsed = manifest.safeParse(JSON.parse((await contentOf(from, name)).toString('utf8')))
  if (!parsed.success) throw new BlobUnusable(name, 'it is of a version that this one does not read')
  refuseForeign(region, parsed.data)
  return parsed.data
}

function refuseForeign(region: Region, copy: RegionCopy): void {
  if (copy.region !== region.name || copy.number !== region.number)
    throw new Failure(`the copy is of ${copy.region} (${copy.number}), not of ${region.name} (${region.number})`)
}

async function contentOf(blobs: Pick<Blobs, 'get'>, name: string): Promise<Buffer> {
  const bytes = await blobs.get(name)
  if (bytes === undefined) throw new BlobUnusable(name, 'it is not there')
  return openBlob(name, bytes)
}

async function fill(restore: RegionRestore, copy: RegionCopy, beside: string): Promise<void> {
  const { from, onProgress } = restore
  await fillStore(restore, copy, join(beside, storeFolderName))
  if (copy.hasDataKeys) {
    const text = (await contentOf(from, regionKeysName(copy.id))).toString('utf8')
    replaceSecretFile({ path: join(beside, dataKeysName), what: 'the file of data keys', text })
  }
  const archive = new FolderBlobs(join(beside, archiveFolderName))
  for (const [at, name] of copy.archive.entries()) {
    await archive.put(name, await contentOf(from, regionArchiveName(copy.id, name)))
    onProgress(`${(at + 1).toLocaleString('en')} of ${copy.archive.length.toLocaleString('en')} files of backups`)
  }
}

async function fillStore(
  { from, onProgress }: RegionRestore,
  { id, store }: RegionCopy,
  folder: string,
): Promise<void> {
  const target = await openLmdbStore(folder)
  let records = 0
  try {
    for (let blob = 0; blob < store.blobs; blob++) {
      const name = regionStoreName(id, blob)
      const edits = editsIn(await contentOf(from, name))
      // The store makes room for a page an edit: all of a blob at once would leave a hundred megabytes to spare.
      for (let at = 0; at < edits.length; at += copiedRecordsMax)
        await target.write(edits.slice(at, at + copiedRecordsMax))
      records += edits.length
      onProgress(`${records.toLocaleString('en')} of ${store.records.toLocaleString('en')} records of the store`)
    }
  } finally {
    await target.close()
  }
  if (records !== store.records)
    throw new Failure(`the copy ${id} has ${records} records, and its manifest says ${store.records}`)
}

function editsIn(content: Buffer): readonly Edit[] {
  const edits: Edit[] = []
  let key: Buffer | undefined
  for (const piece of framesIn(content)) {
    if (key !== undefined) edits.push({ key, value: piece })
    key = key === undefined ? piece : undefined
  }
  return edits
}

/** The store comes last but one: what it needs is there before it. What was moved before a kill is not moved again. */
function move(folder: string, beside: string): void {
  for (const name of [dataKeysName, archiveFolderName, storeFolderName])
    if (existsSync(join(beside, name))) renameSync(join(beside, name), join(folder, name))
  flushFolder(folder)
  rmSync(beside, { recursive: true, force: true })
}
