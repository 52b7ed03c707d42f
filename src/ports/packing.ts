/** Compression and checksums of files. */
export interface Packing {
  md5(bytes: Uint8Array): Buffer
  /** A whole member of a gzip file; members behind each other are one file. */
  gzip(parts: readonly Uint8Array[]): Promise<Buffer>
  unpacker(compression: 'GZIP' | 'ZSTD'): Unpacker
}

/**
 * Unpacks a stream of bytes, in any pieces, each once the one before it is unpacked. Rejects with an Error for what is damaged, or cut off. One that is left
 * before its end holds nothing.
 */
export type Unpacker = (bytes: Uint8Array, isLast: boolean) => Promise<readonly Buffer[]>
