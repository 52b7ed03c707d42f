/** Bounds of what is read as CBOR (RFC 8949), for callers that give none of their own. */
/** Arrays, maps and tags within each other. */
const cborDepthMax = 64
/** One value with everything in it. */
const cborSizeBytesMax = 16 * 1024 * 1024
/** A bignum, in bytes: some 300 digits. */
export const cborBignumBytesMax = 128

export type CborLimits = {
  readonly depthMax: number
  readonly sizeBytesMax: number
  /** Of all values between two calls of `begin` (cbor-scanner.ts); as many as come unless it says otherwise. */
  readonly valuesMax?: number
  /** Arrays and maps among them. */
  readonly containersMax?: number
}

export const cborLimits: CborLimits = { depthMax: cborDepthMax, sizeBytesMax: cborSizeBytesMax }
