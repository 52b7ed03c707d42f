/**
 * What regions ask each other that the log has no part in: about archives (core/archive/archive-question.ts), and about identities that regions share
 * (ports/shared-identities.ts). A region of an earlier version refuses what it does not know.
 */
export type Aside = 'archive' | 'identities'

export const isAside = (said: unknown): said is Aside => said === 'archive' || said === 'identities'
