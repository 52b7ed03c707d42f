/** Bounds of the DAX front. */

/** Lists of attribute names that a cache remembers, and their bytes. */
export const attributeListsMax = 65_536
export const attributeListBytesMax = 32 * 1024 * 1024
/** Names of one list, and their bytes: an item of 400 KB has no more. */
export const attributeListNamesMax = 200_000
export const attributeListNameBytesMax = 400 * 1024
/** A request: 25 items of 400 KB, or 100 transactional writes of 4 MB. */
export const daxRequestBytesMax = 16 * 1024 * 1024
/** Values in a request: to the cache each is an object, however few bytes it has. In JSON a value takes nine bytes at least, so 16 MB hold few more. A request that is read again counts again. */
export const daxValuesMax = 1_250_000
/** Values of an item: each takes a byte at least of its 400 KB. */
export const daxItemValuesMax = 400 * 1024
/** Values of all requests that a cache has under way; those with fewer than the second number always may. */
export const daxValuesUnderWayMax = 1_250_000
export const daxFewValues = 10_000
/** What a client says of itself when it connects. */
export const daxGreetingBytesMax = 16 * 1024
/** What a connection may have received while it is answered: no more is read until then. */
export const daxAheadBytesMax = 64 * 1024
/** What a client may send before it has said who it is, and what it asks behind that: no more is waited for, it is refused. */
export const daxUnknownBytesMax = 512 * 1024
/** Further connections are closed as they come. */
export const daxConnectionsMax = 4096
/** Arrays and maps within each other in a request: items nest 32 deep. */
export const daxDepthMax = 48
/** How long a connection's authorization holds. Amazon's clients renew theirs after three quarters of it. */
export const daxAuthorizedMsMax = 5 * 60_000
/** How long a session is good in which a cluster asks its region; renewed after half of it. */
export const daxOwnSessionMs = 12 * 60 * 60_000
/** A client that is neither asking nor answered is let go after this time. */
export const daxIdleMsMax = 5 * 60_000
/** A client that has not proved who it is, or where nothing is verified not said so, is let go after this time. */
export const daxGreetingMsMax = 20_000
/** A request must have arrived whole after this time. */
export const daxRequestMsMax = 60_000
/** Descriptions of tables that are remembered, and for how long. */
export const daxSchemasMax = 1024
export const daxSchemaMs = 5000
/** Tables that one request may name. */
export const daxTablesMax = 128
/** Requests whose meaning is remembered, letter by letter, twice so many at most. */
export const daxUnderstoodMax = 4096
export const daxUnderstoodBytesMax = 1024
/** Caches of one cluster. */
export const daxNodesMax = 10
