/** Of TLS. */

/** A handshake may take so long. */
export const handshakeMsMax = 10_000
