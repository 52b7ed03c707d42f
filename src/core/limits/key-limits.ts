/** Limits of encryption at rest. */

/** Keys in a keyring's file. */
export const keyringKeysMax = 100
/** Data keys of a region itself. */
export const dataKeysMax = 1000
/** Table keys of a region, those that end among them; and the highest number of a data key. */
export const tableKeysMax = 5000
export const dataKeyNumberMax = 65_535
/** Table keys that a start asks the key service for at a time. */
export const tableKeysOpenedAtOnceMax = 8
/** Values, and bytes of them, that are encrypted again in one batch. One value may be larger. */
export const renewedValuesMax = 200
export const renewedBytesMax = 1024 * 1024
/** After so long a table key is asked of its service again (AWS does after five minutes). */
export const tableKeyMsMax = 300_000
/** Edits, and bytes of values, that are copied in one batch while a plain store is encrypted. One value may be larger. */
export const encryptedEditsMax = 1000
export const encryptedBatchBytesMax = 8 * 1024 * 1024
/** Ciphers that a key service keeps, one a key material. */
export const keySealsMax = 1000
/** A key service that has not answered for so long has failed; it is asked again so often, after so long each time. */
export const keyServiceMsMax = 5000
export const keyServiceTriesMax = 3
export const keyServiceBackOffMs = 100
export const keyServiceBackOffMsMax = 1000
export const keyServiceAnswerBytesMax = 65_536
export const keyServiceConnectionsMax = 4
/** Texts that are encrypted or decrypted in one batch, with all that it takes beside them, and the size up to which that is cheaper for one. */
export const gcmBatchBytesMax = 65_536
export const gcmTextBytesMax = 1024
/** Keys that are kept prepared for that by each cipher, and tables of them, of 64 KB each. */
export const gcmKeysMax = 1024
export const gcmTablesMax = 32
/** Values that a walk decrypts at once: as many at first, and then as many times more, up to so many. */
export const decryptedFirst = 4
export const decryptedTimes = 4
export const decryptedMax = 64
