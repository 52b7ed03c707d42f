/** Limits of encryption at rest. */

/** Keys in a keyring's file. */
export const keyringKeysMax = 100
/** Data keys of a region. */
export const dataKeysMax = 1000
/** Edits, and bytes of values, that are copied in one batch while a plain store is encrypted. One value may be larger. */
export const encryptedEditsMax = 1000
export const encryptedBatchBytesMax = 8 * 1024 * 1024
/** Ciphers that a key service keeps, one a key material. */
export const keySealsMax = 1000
