/** Buckets that exports go to and imports come from: each is a store of blobs, of which any text that S3 takes is a name. */
import type { Blobs } from './blobs.ts'

export interface Buckets {
  /** Undefined for a bucket that is not mapped to anything. */
  bucket(name: string): Blobs | undefined
}

export type BucketRefusal = 'S3NoSuchBucket' | 'S3AccessDenied'

/** The bucket is not there, or may not be used. Asking again changes nothing. */
export class BucketRefused extends Error {
  override readonly name = 'BucketRefused'
  readonly code: BucketRefusal

  constructor(code: BucketRefusal, message: string) {
    super(message)
    this.code = code
  }
}

const keyBytesMax = 1024

/** As a path it leads nowhere but down. */
export const isObjectKey = (key: string): boolean =>
  key !== '' &&
  Buffer.byteLength(key) <= keyBytesMax &&
  !key.includes('\0') &&
  key.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
