/** Limits of auto scaling: those of Application Auto Scaling (its API reference and quotas), then ours. */

export const scheduledActionsOfTargetMax = 200
export const scalingPageMax = 50
export const scalingTagsMax = 50
/** The greatest capacity that a target may name. */
export const scaledUnitsMax = 2 ** 31 - 1
/** Of a target: what of its provisioned capacity shall be in use, in percent. */
export const utilizationMin = 20
export const utilizationMax = 90
/** An alarm goes off after so many minutes above the target, or this much below it. */
export const scaleOutMinutes = 2
export const scaleInMinutes = 15
/** So far below its target, in percent of the capacity, the use must be before capacity is lowered. */
export const scaleInMarginPercent = 20

// Ours
export const scheduledActionsMax = 1000
/** Of all targets of a region together. */
export const scalingTagsInRegionMax = 2000
/** Activities that a region remembers; the oldest are forgotten. */
export const scalingActivitiesMax = 1000
export const scalingActivitiesMs = 42 * 24 * 60 * 60 * 1000
/** Times of schedules that passed while the region was late are caught up with so far back. */
export const scheduleCatchUpMs = 60 * 60 * 1000
/** Targets of one table in one region: two of the table and of each of its 20 global indexes. */
export const scalableTargetsOfTableMax = 42
