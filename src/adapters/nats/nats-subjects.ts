/** Every name on NATS, in one place: accounts and permissions (deploy/) are written against these. */
export const streamName = (region: string): string => `LOG_${region}`

/** What the region's stream records. */
export const logSubject = (region: string): string => `log.${region}.changes`

/** Announcements of the region, on its own server; its peers listen there. */
export const announceSubject = (region: string): string => `here.${region}`

/**
 * Requests and confirmations for the region, on its own server, each peer by a name of its own: the server's accounts let
 * a peer send by no other, so that what it says of itself can be held against it.
 */
export const askSubject = (region: string, asker: string): string => `ask.${region}.${asker}`

/** Who has asked, of a subject made above. */
export const askerOf = (subject: string): string => subject.slice(subject.lastIndexOf('.') + 1)

/** Each region's replies have a prefix of their own, so a server's permissions can keep regions apart. */
export const inboxPrefix = (region: string): string => `_INBOX_${region}`

/** Invalidations of the region, on its own server; its caches listen there. */
export const invalidationSubject = (region: string): string => `cache.${region}.changes`

/** Questions of the region's caches, on its own server. */
export const cacheAskSubject = (region: string): string => `cache.${region}.ask`

/** Caches only read what is theirs to read, so that their prefix is another. */
export const cacheInboxPrefix = (region: string): string => `_INBOX_cache_${region}`

/** Where the region's own server says that a consumer of the stream was created. */
export const consumerCreatedSubject = (region: string): string =>
  `$JS.EVENT.ADVISORY.CONSUMER.CREATED.${streamName(region)}.*`
