/** Files in buckets, by paths such as `s3://BUCKET/PREFIX/FILE`. A prefix that has objects behind a `/` is a folder. */
import { blobNamesMax } from '../../core/limits/archive-limits.ts'
import { readAtOnceBytes } from '../../core/limits/copy-limits.ts'
import { type Blobs, BlobsFailed } from '../../ports/blobs.ts'
import { BucketRefused, type Buckets, isObjectKey } from '../../ports/buckets.ts'
import { Failure } from '../../process/failure.ts'
import type { Files } from './local-files.ts'
import { filesMax } from '../load-limits.ts'

const scheme = 's3://'

export const isInBucket = (path: string): boolean => path.startsWith(scheme)

type Place = { readonly blobs: Blobs; readonly bucket: string; readonly key: string }

export class BucketFiles implements Files {
  readonly #buckets: Buckets

  constructor(buckets: Buckets) {
    this.#buckets = buckets
  }

  async isFolder(path: string): Promise<boolean> {
    const { blobs, key } = this.#placeOf(path)
    return await failing(path, async () => {
      const [first] = await blobs.list(asFolder(key), '', 1)
      if (first !== undefined) return true
      if (await this.isFile(path)) return false
      throw new Failure(`${path} cannot be read: nothing is there`)
    })
  }

  async isFile(path: string): Promise<boolean> {
    const { blobs, key } = this.#placeOf(path)
    if (!isObjectKey(key)) return false
    return await failing(path, async () => (await blobs.get(key, { from: 0, to: 1 })) !== undefined)
  }

  async filesBelow(folder: string): Promise<readonly string[]> {
    const { blobs, bucket, key } = this.#placeOf(folder)
    const prefix = asFolder(key)
    const paths: string[] = []
    return await failing(folder, async () => {
      for (let names = await blobs.list(prefix, '', blobNamesMax); names.length > 0;) {
        // An object whose name ends in a slash stands for a folder.
        paths.push(...names.filter(isObjectKey).map((name) => `${scheme}${bucket}/${name}`))
        if (paths.length > filesMax) throw new Failure(`${folder} has more than ${filesMax} files`)
        names = await blobs.list(prefix, names.at(-1) ?? '', blobNamesMax)
      }
      return paths
    })
  }

  async *bytes(path: string): AsyncGenerator<Buffer> {
    const { blobs, key } = this.#placeOf(path)
    for (let from = 0; ; from += readAtOnceBytes) {
      const part = await failing(path, () => blobs.get(key, { from, to: from + readAtOnceBytes }))
      if (part === undefined) throw new Failure(`${path} cannot be read: nothing is there`)
      yield part
      if (part.length < readAtOnceBytes) return
    }
  }

  async put(path: string, bytes: string | Uint8Array): Promise<void> {
    const { blobs, key } = this.#placeOf(path)
    await failing(path, () => blobs.put(key, Buffer.from(bytes)))
  }

  #placeOf(path: string): Place {
    const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(path) ?? []
    const blobs = bucket === '' ? undefined : this.#buckets.bucket(bucket)
    if (blobs === undefined) throw new Failure(`${path}: no bucket ${bucket} is mapped; name it by --s3 ${bucket}=…`)
    return { blobs, bucket, key: key.replace(/\/$/, '') }
  }
}

const asFolder = (key: string): string => (key === '' ? '' : `${key}/`)

async function failing<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof BlobsFailed || error instanceof BucketRefused)
      throw new Failure(`${path} cannot be reached: ${error.message}`)
    throw error
  }
}
