/** The names of shared streams on the quorum servers; permissions (deployment/secrets/nats/quorum-settings.ts) are written against these. */

/** Names of groups become parts of subjects: no dots, spaces or wildcards. */
const groupForm = /^[\w-]{1,200}$/

export const isGroupName = (group: string): boolean => groupForm.test(group)

export const quorumStreamName = (group: string): string => `QUORUM_${group}`

/** What the group's stream records. */
export const quorumSubject = (group: string): string => `quorum.${group}`

/** Where the stream's leader says that an entry has its place: headers only. */
export const placedSubject = (group: string): string => `quorum-placed.${group}`

/** A placement by these tags finds the servers of the members only: every server carries one for each region that it is not of. */
export const notOfTag = (region: string): string => `not-${region}`
