/** Limits of contributor insights: AWS's first (developer guide, contributor insights), then ours. */

/** Contributors of a rule that are told. */
export const contributorsMax = 25
/** Of a request for a report; 10 where it does not say. */
export const reportContributorsMax = 100
export const reportContributors = 10
/** Rules of a region: two or four of a table or index. */
export const insightRulesMax = 100
export const describedInsightRulesMax = 500

// Ours
/** Keys that a rule counts in the minute that runs. */
export const insightCountersMax = 100
/** Minutes that are kept of a rule. */
export const insightMinutesMax = 180
/** Of the minutes of all rules together; the oldest minutes go first. */
export const insightBytesMax = 16 * 1024 * 1024
