/** What policies, identities and their sessions may come to (IAM User Guide, "IAM and AWS STS quotas"). */

/** Of a document as it is sent; what AWS counts without blanks is counted so. */
export const policyDocumentBytesMax = 131_072
export const policyStatementsMax = 512
/** Levels of objects and lists in a document. */
export const policyDepthMax = 8
export const resourcePolicyBytesMax = 20_480
export const managedPolicyCharactersMax = 6144
export const userPoliciesCharactersMax = 2048
export const groupPoliciesCharactersMax = 5120
export const rolePoliciesCharactersMax = 10_240
export const trustPolicyCharactersMax = 2048
export const sessionPolicyCharactersMax = 2048
/** Longer than the longest that is given out: policy, tags and names. */
export const sessionTokenSizeMax = 16_384
export const attachedPoliciesMax = 20
export const policyVersionsMax = 5
export const identityTagsMax = 50
export const accessKeysPerUserMax = 2
export const identityUsersMax = 5000
export const identityRolesMax = 5000
export const identityGroupsMax = 300
export const identityPoliciesMax = 1500
/** Pairs of an action and a resource in one simulation, and the most that comparing them may take: characters of policies times characters of what they are held against. */
export const simulatedPairsMax = 1000
export const simulatedWorkMax = 500_000_000
/** Of identities that regions share: all that is kept, what was deleted included, one thing of it, and one answer to a peer. */
export const sharedThingsMax = 50_000
export const sharedBytesMax = 32 * 1024 * 1024
export const sharedThingBytesMax = 65_536
export const sharedPartBytesMax = 256 * 1024
/** Other keys that open what regions share, while its key is being replaced. */
export const formerShareKeysMax = 4
/** Callers and decisions that a process keeps ready. */
export const accessCallersMax = 10_000
export const accessDecisionsMax = 20_000
/** Of the audit log: what waits to be written, a file, and the files that are kept. */
export const auditBufferBytesMax = 4 * 1024 * 1024
export const auditFileBytesMax = 64 * 1024 * 1024
export const auditFilesMax = 5
