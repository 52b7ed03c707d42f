/** Compression and checksums of files. All of it happens in the turn in which it is asked for. */
export interface Packing {
  md5(bytes: Uint8Array): Buffer
  /** A whole member of a gzip file; members behind each other are one file. */
  gzip(parts: readonly Uint8Array[]): Buffer
  unpacker(compression: 'GZIP' | 'ZSTD'): Unpacker
}

/** Unpacks a stream of bytes, in any pieces. Throws an Error for what is damaged, or cut off. */
export type Unpacker = (bytes: Uint8Array, isLast: boolean) => readonly Buffer[]
