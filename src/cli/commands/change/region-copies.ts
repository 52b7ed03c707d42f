/** `longitude backup region`, `longitude backup list`, `longitude restore region`: copies of whole regions. */
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { FolderBlobs } from '../../../adapters/files/folder-blobs.ts'
import { openDataFolder } from '../../../deployment/data-folder.ts'
import { readRegions } from '../../../deployment/regions.ts'
import { MappedBuckets } from '../../../node/buckets/mapped-buckets.ts'
import { backUpRegion, regionCopiesIn } from '../../../node/store/region-backup.ts'
import { restoreRegion } from '../../../node/store/region-restore.ts'
import { type Blobs, BlobsFailed } from '../../../ports/blobs.ts'
import { BucketRefused } from '../../../ports/buckets.ts'
import { StoreUnusable } from '../../../ports/store.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { readOptions } from '../../configuration.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'

type Flags = { readonly to?: string; readonly from?: string; readonly id?: string; readonly folder?: string }

/** Beside backups of tables, which may lie at the same place. */
const copiesFolder = 'regions'
const shownMs = 1000

export async function runBackupRegion(command: Command, json: boolean): Promise<void> {
  const options = readOptionsFound(command, optionsOf.regionCopies)
  const { to, folder } = command.opts<Flags>()
  const region = regionOf(command, options.regionsFolder)
  await withPlace({ text: to, flag: '--to', s3: options.s3, region: region.name }, async (blobs) => {
    const { copy, removed } = await backUpRegion({
      region,
      folder: resolve(folder ?? join(options.data, region.name)),
      to: blobs,
      onProgress: shown(json),
    })
    const { archive, ...counts } = copy
    if (json) return console.log(JSON.stringify({ ...counts, archiveFiles: archive.length, removed }))
    for (const id of removed) console.log(`  ${id} was not whole: it is removed`)
    const files = archive.length === 0 ? '' : ` and ${archive.length} files of backups`
    console.log(`  ${copy.id}: ${copy.store.records.toLocaleString('en')} records of ${region.name}${files} in ${to}`)
  })
}

export async function runBackupList(command: Command, json: boolean): Promise<void> {
  const options = readOptions(command, optionsOf.regionCopies)
  const { from } = command.opts<Flags>()
  const region = regionOf(command, options.regionsFolder)
  await withPlace({ text: from, flag: '--from', s3: options.s3, region: region.name }, async (blobs) => {
    const copies = await regionCopiesIn(blobs)
    if (json) return console.log(JSON.stringify(copies))
    if (copies.length === 0) return console.log(`  there is no copy of ${region.name} in ${from}`)
    for (const { id, isWhole } of copies)
      console.log(`  ${id}  ${momentOf(id)}${isWhole ? '' : '  not whole: it is not used'}`)
  })
}

export async function runRestoreRegion(command: Command, json: boolean): Promise<void> {
  const options = readOptions(command, optionsOf.regionCopies)
  const { from, id, folder } = command.opts<Flags>()
  const region = regionOf(command, options.regionsFolder)
  const data = resolve(options.data)
  // The folder of a deployment is ours meanwhile, and is marked as one.
  const claim = folder === undefined ? await openDataFolder(data, [region], { endpoints: {} }) : undefined
  try {
    await withPlace({ text: from, flag: '--from', s3: options.s3, region: region.name }, async (blobs) => {
      const target = resolve(folder ?? join(data, region.name))
      const { copy, earlier } = await restoreRegion({
        region,
        folder: target,
        from: blobs,
        id,
        onProgress: shown(json),
      })
      const { archive, ...counts } = copy
      if (json) return console.log(JSON.stringify({ ...counts, archiveFiles: archive.length, folder: target, earlier }))
      if (earlier !== undefined) console.log(`  an earlier restore had not come to its end: it was ${earlier}`)
      console.log(`  ${region.name} of ${momentOf(copy.id)} is in ${target}`)
      console.log('  Start it; peers that know more of it fill it again.')
    })
  } finally {
    await claim?.release()
  }
}

function regionOf(command: Command, regionsFolder: string | undefined) {
  const { name, number } = readRegions(regionsFolder).named(command.args[0] ?? '')
  return { name, number }
}

type Place = {
  readonly text: string | undefined
  readonly flag: string
  readonly s3: string | undefined
  readonly region: string
}

async function withPlace({ text, flag, s3, region }: Place, use: (blobs: Blobs) => Promise<void>): Promise<void> {
  if (text === undefined) throw new Failure(`${flag} is missing: name a folder, or s3://BUCKET/PREFIX`)
  const buckets = new MappedBuckets(s3)
  try {
    const isBucket = text.startsWith('s3://')
    const blobs = isBucket
      ? buckets.blobsAt(`${text.replace(/\/$/, '')}/${copiesFolder}`, region)
      : new FolderBlobs(join(resolve(text), copiesFolder, region))
    await use(blobs)
  } catch (error) {
    const isOfPlace = [BlobsFailed, BucketRefused, StoreUnusable].some((kind) => error instanceof kind)
    throw isOfPlace ? new Failure(messageOf(error)) : error
  } finally {
    buckets.close()
  }
}

/** A line a second, on the error stream. */
function shown(json: boolean): (done: string) => void {
  let lastMs = performance.now()
  return (done) => {
    const nowMs = performance.now()
    if (json || nowMs - lastMs < shownMs) return
    lastMs = nowMs
    console.error(`  ${done}`)
  }
}

const momentOf = (id: string): string => new Date(Number(id.slice(0, 14))).toISOString()
