/** Limits of triggers, by name. Lambda's own (API reference, "CreateEventSourceMapping") first, ours after. */
export const triggerBatchRecordsMax = 10_000
export const triggerBatchingSecondsMax = 300
export const triggerLanesMax = 10
export const triggerRecordAgeSecondsMax = 604_800
export const triggerRecordAgeSecondsMin = 60
export const triggerRetriesMax = 10_000
export const triggerWindowSecondsMax = 900
export const triggerWindowStateBytesMax = 1024 * 1024
export const triggerFiltersMax = 10
export const triggerFilterLengthMax = 4096
/** Of one synchronous invocation, its event and its answer. */
export const invokePayloadBytesMax = 6 * 1024 * 1024
/** Lists and objects in the event of such an invocation: as many as 6 MB of objects with one short member. */
export const eventContainersMax = 800_000
/** Of a request that makes or changes a mapping: ten filters of 4 KB, and as much again. */
export const mappingRequestBytesMax = 128 * 1024
export const listedMappingsMax = 100
export const listedFunctionsMax = 50
export const functionNameLengthMax = 170

// Ours
export const triggerMappingsMax = 100
/** Invocations that the triggers of a region have under way: together, and those of one mapping. A mapping with none may always begin one. */
export const triggerInvocationsMax = 32
export const triggerMappingInvocationsMax = 8
/** What all of them together carry; beyond it each batch is small. */
export const triggerPayloadBytesMax = 64 * 1024 * 1024
export const triggerSmallPayloadBytes = 256 * 1024
/** Around the records of an event. */
export const triggerEventOverheadBytes = 16 * 1024
/** Records that are looked at in one step, of which filters may leave none. */
export const triggerLookedMax = 10_000
export const triggerBackOffMsMin = 100
export const triggerBackOffMsMax = 30_000
/** After a flush, lanes look for records. */
export const triggerWakeMs = 20
/** A place that only moves past what nothing is sent of is written down so often. */
export const triggerNoteMs = 10_000
/** The records of a window are all flushed so long after its end. */
export const triggerWindowGraceMs = 1000
export const functionsConfiguredMax = 100
export const functionTimeoutSecondsMax = 900
export const functionMemoryMbMin = 128
export const functionMemoryMbMax = 10_240
export const functionProcessesMax = 16
/** Invocations that wait for a process of one function; further ones are throttled. */
export const functionQueueMax = 100
/** Of what a function prints in one invocation; what is more waits in the function's own memory. */
export const functionLogBytesMax = 1024 * 1024
export const functionLogTailBytes = 4096
export const functionLogLinesMax = 100
export const functionLogLineLengthMax = 1000
/** Between two looks at the memory of a process that is at work. */
export const functionWatchMs = 50
/** A process may take so long until its handler is loaded. */
export const functionStartMsMax = 30_000
/** What Node needs itself comes on top of a function's memory. */
export const functionRuntimeMb = 128
/** Until a destination must have taken a report. */
export const destinationMsMax = 10_000
