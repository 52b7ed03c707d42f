/** Limits of the key service at the endpoint. Quotas of AWS where it has one (KMS developer guide, resource quotas). */

/** Keys of one region; AWS's 100,000 would make the file that each change writes too large. */
export const kmsKeysMax = 1000
export const kmsAliasesPerKeyMax = 50
export const kmsTagsMax = 50
export const kmsOnDemandRotationsMax = 25
/** Key materials of one key, of automatic rotation too. The oldest stay, since they still decrypt: rotation ends there. */
export const kmsMaterialsMax = 100
export const kmsPendingWindowDays = { min: 7, max: 30, usual: 30 }
export const kmsRotationPeriodDaysUsual = 365
export const kmsPageUsual = { keys: 100, aliases: 50, tags: 50, rotations: 100 }
