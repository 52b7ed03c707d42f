/** Of TLS. */

/** A handshake may take so long. */
export const handshakeMsMax = 10_000
/** The first line of a connection between two processes of a region. */
export const admissionBytesMax = 1024
