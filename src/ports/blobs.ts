/** A store of blobs beside the region's own: backups and the archive of the log lie there. Names are parts of letters, digits, `.`, `_` and `-`, with `/` between them. */
export type BlobRange = { readonly from: number; readonly to: number }

export interface Blobs {
  /** Resolves when the blob is there, whole and durable, in the place of one of the same name. Nothing is seen of it before. */
  put(name: string, bytes: Uint8Array): Promise<void>
  /** All of it, or the part [from, to) as far as there is any; undefined where there is none of the name. */
  get(name: string, range?: BlobRange): Promise<Buffer | undefined>
  /** Names that begin with `prefix` and come after `after`, in order; at most `countMax`. */
  list(prefix: string, after: string, countMax: number): Promise<readonly string[]>
  /** Resolves also where there is none of the name. */
  delete(name: string): Promise<void>
}

/** The store of blobs cannot be reached, or has no room. What was asked may be asked again. */
export class BlobsFailed extends Error {
  override readonly name = 'BlobsFailed'
}

const namePattern = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/

/** No name leads out of the store of blobs, or to a file that is not published yet. */
export const isBlobName = (name: string): boolean => namePattern.test(name)
