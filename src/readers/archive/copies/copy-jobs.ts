/** What exports and imports have in common: they are looked for whenever the noted copies have changed, and at every flush while one is under way. */
import type { CopyJob } from '../../../core/copies/copy-job.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Blobs } from '../../../ports/blobs.ts'
import { BucketRefused, type Buckets } from '../../../ports/buckets.ts'
import { Jobs, type JobsOptions } from '../archive-jobs.ts'

export type CopyJobsOptions = Pick<JobsOptions, 'env' | 'work' | 'jobs'> & {
  readonly engine: Pick<Engine, 'archive' | 'onFlushed'>
  readonly underWay: (copies: readonly CopyJob[]) => readonly CopyJob[]
}

export function copyJobs({ env, work, jobs, engine, underWay }: CopyJobsOptions): Jobs {
  let seen: unknown
  const hasChanged = (): boolean => {
    const copies = engine.archive.copies()
    const before = seen
    seen = copies
    return before !== copies || underWay(copies).length > 0
  }
  return new Jobs({ env, work, hasChanged, jobs, onFlushed: (listener) => engine.onFlushed(listener) })
}

/** Throws BucketRefused where no bucket has the name. */
export function bucketNamed(buckets: Buckets, name: string): Blobs {
  const bucket = buckets.bucket(name)
  if (bucket === undefined) throw new BucketRefused('S3NoSuchBucket', 'The specified bucket does not exist')
  return bucket
}
