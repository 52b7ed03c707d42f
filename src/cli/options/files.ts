/** The files that a command loads or dumps: those of this machine, or of a bucket that `--s3` maps. */
import type { Command } from 'commander'
import { BucketFiles, isInBucket } from '../../load/places/bucket-files.ts'
import { type Files, localFiles } from '../../load/places/local-files.ts'
import { MappedBuckets } from '../../node/buckets/mapped-buckets.ts'
import { readOptions } from '../configuration.ts'

export function filesAt(command: Command, path: string): { readonly files: Files; readonly close: () => void } {
  if (!isInBucket(path)) return { files: localFiles, close: () => undefined }
  const buckets = new MappedBuckets(readOptions(command, ['s3']).s3)
  return { files: new BucketFiles(buckets), close: () => buckets.close() }
}
