/**
 * What a copy of a whole region consists of, and the names of its blobs. The records of the store lie in blobs in the order of their keys, the files of
 * the archive of backups follow, and the manifest is written last. A copy without a manifest is not whole.
 */
export const regionCopyFormat = 1

export type RegionCopy = {
  readonly format: typeof regionCopyFormat
  /** The time in milliseconds, 14 digits, and something random. */
  readonly id: string
  readonly region: string
  /** The region's number. */
  readonly number: number
  readonly createdMs: number
  readonly store: { readonly blobs: number; readonly records: number; readonly bytes: number }
  /** Files of the archive beside the store, by their names there. */
  readonly archive: readonly string[]
  /** The store is encrypted, with keys that the keyring has wrapped. */
  readonly hasDataKeys: boolean
}

const idPattern = /^\d{14}-[0-9a-f]{8}$/

/** The copy that a blob belongs to; undefined for a blob of none. */
export function copyOfBlob(name: string): string | undefined {
  const [id = ''] = name.split('/')
  return idPattern.test(id) ? id : undefined
}

export const regionManifestName = (id: string): string => `${id}/manifest`
export const regionKeysName = (id: string): string => `${id}/data-keys`
export const regionArchiveName = (id: string, file: string): string => `${id}/archive/${file}`
export const regionStoreName = (id: string, blob: number): string => `${id}/store/${String(blob).padStart(8, '0')}`
