/** How background jobs share a region with its clients, by name. */
/** Clients lose about this part of their rate to jobs, and no more: a job that stops them altogether has this part of the time. */
export const jobCostMax = 0.2
/** A job that clients do not feel has this part of the time. */
export const jobShareMax = 0.6
/** Fewer requests under way, on average, are not waited for. */
export const demandMin = 0.1
/** What was asked so long ago counts for little. */
export const demandMs = 200
/** What jobs cost clients is measured over about so long, and believed from so many requests on. */
export const paceWindowMs = 2000
export const pacedRequestsMin = 20
/** A turn counts as at most so long: it may wait for what costs clients nothing, such as a far bucket. */
export const turnCountedMsMax = 250
/** Whatever clients do, a job has its turn after so long. */
export const restMsMax = 1000
/** Between two looks whether a turn may begin. */
export const restLookMs = 5
