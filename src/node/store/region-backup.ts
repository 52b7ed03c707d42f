/**
 * Copies a whole region to a store of blobs, while its node runs or not: the store as it was at one durable moment, its data keys as the keyring has
 * wrapped them, and the archive of backups beside it. No key and no secret of a deployment is among it.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { FolderBlobs } from '../../adapters/files/folder-blobs.ts'
import { openLmdbSnapshot } from '../../adapters/lmdb/lmdb-reader.ts'
import { claimSocket } from '../../adapters/lmdb/store-folder.ts'
import { systemRandom } from '../../adapters/system/random.ts'
import {
  blobNamesMax,
  blobTargetBytes,
  copiedRecordsMax,
  regionCopyFilesMax,
} from '../../core/limits/archive-limits.ts'
import { backupId } from '../../core/archive/backup.ts'
import { FrameWriter } from '../../core/archive/length-frames.ts'
import {
  copyOfBlob,
  regionArchiveName,
  type RegionCopy,
  regionCopyFormat,
  regionKeysName,
  regionManifestName,
  regionStoreName,
} from '../../core/archive/region-copy.ts'
import { sealBlob } from '../../core/archive/sealed-blob.ts'
import type { Region } from '../../core/topology.ts'
import type { Blobs } from '../../ports/blobs.ts'
import { StoreInUse } from '../../ports/store.ts'
import { Failure } from '../../process/failure.ts'
import { dataKeysText } from './data-keys.ts'
import { archiveFolderName, restoringName, storeFolderName } from './data-names.ts'
import { recordsOf } from './records.ts'

export type RegionBackup = {
  readonly region: Region
  /** The data folder of the region's node. */
  readonly folder: string
  readonly to: Blobs
  readonly onProgress: (done: string) => void
}

export type RegionBackedUp = {
  readonly copy: RegionCopy
  /** Copies that were killed, and are removed now. */
  readonly removed: readonly string[]
}

const socketName = 'backup.sock'

/** Rejects with a Failure for a folder that has no whole store. */
export async function backUpRegion(backup: RegionBackup): Promise<RegionBackedUp> {
  const { folder } = backup
  if (!existsSync(join(folder, storeFolderName, 'data.mdb')))
    throw new Failure(`${folder} has no store: name the data folder of the region's node by --folder`)
  if (existsSync(join(folder, restoringName)))
    throw new Failure(`${folder} holds a restore that is not finished: restore it first`)
  const claim = await claimed(folder)
  try {
    const removed = await removeUnfinished(backup.to)
    return { copy: await copied(backup), removed }
  } finally {
    await claim.release()
  }
}

async function claimed(folder: string) {
  try {
    return await claimSocket(folder, socketName)
  } catch (error) {
    if (error instanceof StoreInUse) throw new Failure(`another backup of the region in ${folder} runs: wait for it`)
    throw error
  }
}

async function copied(backup: RegionBackup): Promise<RegionCopy> {
  const { region, folder, to } = backup
  const createdMs = Date.now()
  const id = backupId(createdMs, systemRandom.bytes(4).toString('hex'))
  const store = await copyStore(backup, id)
  // Keys are added before anything is encrypted with them, and never removed.
  const keys = dataKeysText(folder)
  if (keys !== undefined) await put(to, regionKeysName(id), [Buffer.from(keys)])
  const archive = await copyArchive(backup, id)
  const copy: RegionCopy = {
    format: regionCopyFormat,
    id,
    region: region.name,
    number: region.number,
    createdMs,
    store,
    archive,
    hasDataKeys: keys !== undefined,
  }
  await put(to, regionManifestName(id), [Buffer.from(JSON.stringify(copy))])
  return copy
}

async function copyStore({ folder, to, onProgress }: RegionBackup, id: string): Promise<RegionCopy['store']> {
  const snapshot = await openLmdbSnapshot(join(folder, storeFolderName))
  const frames = new FrameWriter()
  let [blobs, records, bytes] = [0, 0, 0]
  const publish = async (): Promise<void> => {
    bytes += frames.sizeBytes
    await put(to, regionStoreName(id, blobs++), frames.take())
    onProgress(`${records.toLocaleString('en')} records of the store`)
  }
  try {
    for (const some of recordsOf(snapshot, { recordsMax: copiedRecordsMax, bytesMax: blobTargetBytes })) {
      for (const { key, value } of some) {
        frames.add(key)
        frames.add(value)
      }
      records += some.length
      if (frames.sizeBytes >= blobTargetBytes) await publish()
      else await nextTurn()
    }
    if (frames.sizeBytes > 0) await publish()
  } finally {
    await snapshot.close()
  }
  return { blobs, records, bytes }
}

/** Every backup that the copied store knows was written before it. One that was deleted meanwhile is not in the copy. */
async function copyArchive({ folder, to, onProgress }: RegionBackup, id: string): Promise<readonly string[]> {
  const archive = new FolderBlobs(join(folder, archiveFolderName))
  const copiedNames: string[] = []
  for (let names = await archive.list('', '', blobNamesMax); names.length > 0;) {
    for (const name of names) {
      const bytes = await archive.get(name)
      if (bytes === undefined) continue
      if (copiedNames.length >= regionCopyFilesMax)
        throw new Failure(`the archive of ${folder} has more than ${regionCopyFilesMax} files`)
      await put(to, regionArchiveName(id, name), [bytes])
      copiedNames.push(name)
    }
    onProgress(`${copiedNames.length.toLocaleString('en')} files of backups`)
    names = await archive.list('', names.at(-1) ?? '', blobNamesMax)
  }
  return copiedNames
}

async function put(to: Blobs, name: string, parts: readonly Uint8Array[]): Promise<void> {
  await to.put(name, sealBlob(name, parts))
}

/** All copies of the region that lie there, the oldest first, and whether each is whole. */
export async function regionCopiesIn(
  blobs: Pick<Blobs, 'list' | 'get'>,
): Promise<readonly { readonly id: string; readonly isWhole: boolean }[]> {
  const copies: { readonly id: string; readonly isWhole: boolean }[] = []
  for (let after = ''; ;) {
    const [first] = await blobs.list('', after, 1)
    if (first === undefined) return copies
    const id = copyOfBlob(first)
    const manifest = id === undefined ? undefined : await blobs.get(regionManifestName(id), { from: 0, to: 1 })
    if (id !== undefined) copies.push({ id, isWhole: manifest !== undefined })
    // Behind everything of this copy.
    after = id === undefined ? first : `${id}0`
  }
}

async function removeUnfinished(blobs: Blobs): Promise<readonly string[]> {
  const unfinished = (await regionCopiesIn(blobs)).filter(({ isWhole }) => !isWhole).map(({ id }) => id)
  for (const id of unfinished)
    for (let names = await blobs.list(`${id}/`, '', blobNamesMax); names.length > 0;) {
      for (const name of names) await blobs.delete(name)
      names = await blobs.list(`${id}/`, '', blobNamesMax)
    }
  return unfinished
}
