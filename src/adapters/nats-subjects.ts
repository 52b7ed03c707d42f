/** Every name on NATS, in one place: accounts and permissions (deploy/) are written against these. */
export const streamName = (region: string): string => `LOG_${region}`

/** What the region's stream records. */
export const logSubject = (region: string): string => `log.${region}.changes`

/** Announcements of the region, on its own server; its peers listen there. */
export const announceSubject = (region: string): string => `here.${region}`

/** Requests and confirmations for the region, on its own server; its peers send there. */
export const askSubject = (region: string): string => `ask.${region}`

/** Each region's replies have a prefix of their own, so a server's permissions can keep regions apart. */
export const inboxPrefix = (region: string): string => `_INBOX_${region}`
