/**
 * Every limit by name. DynamoDB's own (developer guide, "Quotas in Amazon DynamoDB") first, ours after;
 * whoever needs a bound takes it from here, so that one page shows what the node can be made to hold.
 */

// DynamoDB
export const itemSizeBytesMax = 400 * 1024
export const partitionKeySizeBytesMax = 2048
export const sortKeySizeBytesMax = 1024
export const nestingDepthMax = 32
export const attributeNameSizeBytesMax = 65_535
export const numberDigitsMax = 38
/** Powers of ten of a number's first digit. */
export const numberMagnitudeMax = 125
export const numberMagnitudeMin = -130
export const expressionSizeBytesMax = 4096
/** Names and values that the placeholders of one request stand for, together and with these (developer guide, "Expression parameters"). */
export const substitutionSizeBytesMax = 2 * 1024 * 1024
/** With its # or colon. */
export const placeholderSizeBytesMax = 255
export const expressionOperatorsMax = 300
export const inOperandsMax = 100
/** Partitions that the WHERE of one PartiQL statement names (developer guide, PartiQL operators). */
export const statementPartitionsMax = 50
export const listIndexMax = 2_147_483_647
export const pageSizeBytesMax = 1024 * 1024
export const capacityReadUnitBytes = 4096
export const capacityWriteUnitBytes = 1024
export const batchGetKeysMax = 100
export const batchWriteRequestsMax = 25
export const batchSizeBytesMax = 16 * 1024 * 1024
export const transactionSizeBytesMax = 4 * 1024 * 1024
export const idempotencyTokenMsMax = 10 * 60 * 1000
/** More than one for each that comes, so that they never pile up. */
export const tokensForgottenAtOnceMax = 4
export const localSecondaryIndexesMax = 5
export const globalSecondaryIndexesMax = 20
export const projectedAttributesMax = 100
/** HASH attributes, and RANGE attributes, of one global index (November 2025). */
export const multiKeyAttributesMax = 4
/** No account may provision more, and the arithmetic of quotas stays exact. */
export const throughputUnitsMax = 1_000_000_000_000
export const tagsMax = 50
export const itemCollectionSizeBytesMax = 10 * 1024 * 1024 * 1024
export const tablesMax = 2500
export const tablesUnderWayMax = 500
export const listTablesMax = 100
export const requestSizeBytesMax = 16 * 1024 * 1024

/** How far a request's signing time may be from ours. */
export const signatureSkewMsMax = 15 * 60 * 1000
export const presignedSecondsMax = 604_800

// Ours
/** A change of a 400 KB item of many small attributes can be several megabytes as JSON. */
export const messageSizeBytesMax = 8 * 1024 * 1024
/** A replication message is closed once it holds this many changes or bytes, whichever comes first. */
export const messageChangesMax = 256
export const messageTargetBytes = 256 * 1024
/** How far ahead of ours a peer's clock may be before its changes are held back. */
export const clockDriftMsMax = 500
/** Of an index row's key without the store's prefix: LMDB takes 4,026 bytes at pages of 8 KB. */
export const indexKeySizeBytesMax = 4000
/** Parentheses, NOTs and calls within each other while an expression is parsed: more than its operators can need. */
export const expressionDepthMax = 700
/** Parsed expressions of one kind kept for the next request with the same text, and how long a text may be: at worst some 20 MB. */
export const expressionCacheEntriesMax = 500
export const expressionCacheTextMax = 1000
/** Regions of one topology; also bounds a version vector. */
export const regionsMax = 64
/** Regions that there have ever been, as one tells another. */
export const regionNumbersMax = 1024
/** Merges of what others have of a region that has left or was wiped: told to whoever compares replicas. */
export const owedMax = 1000
/** Regions that have left and that are remembered by name, the last ones. */
export const departedMax = 128
/** Bytes of replies that wait for a worker; one that has not read so much is ended, and another started. */
export const workerUnreadBytesMax = 256 * 1024 * 1024

/** Of deleted items that a page walks past before it ends, to go on from there. */
export const pageTombstonesMax = 10_000
/** Work of a page that is read in one turn of the event loop, in small rows (core/read/page-work.ts). */
export const pageTurnWorkMax = 2000
/** Bytes of rows that are copied in one turn of it. */
export const pageTurnBytesMax = 4 * 1024 * 1024
/** Reads that take several turns: so many go on by turns, so many more have had their first, and all others wait for theirs. */
export const readsByTurnsMax = 4
export const readsBegunMax = 16
/** Items of a reply that are put together in one turn, and about their bytes. */
export const itemsRenderedAtOnceMax = 5000
export const itemsRenderedBytesMax = 4 * 1024 * 1024

// Replication
/** Announcements, requests and short answers between regions. */
export const controlSizeBytesMax = 1024 * 1024
/** Tables that a region tells its peers of: those that are gone are remembered too. */
export const sharedTablesMax = 10_000
/** Of them in one answer to a region that asks for parts. */
export const sharedTablesAtOnceMax = 1000
/** Tables that are looked at in one turn for whether this region has to join or leave them. */
export const tablesSurveyedAtOnceMax = 100
/** Tables whose registers are looked at together for what may be forgotten. */
export const registersSweptAtOnceMax = 64
/** Rows in one part of a snapshot, and about their bytes; a single row may be larger. */
export const snapshotRowsMax = 2048
export const snapshotTargetBytes = 512 * 1024
/** Replicas of tables that are made at the same time in a region: steps of them under way. */
export const joinsUnderWayMax = 16
/** Parts of tables that joins have asked one source for and not received, about. */
export const joinBytesUnderWayMax = 2 * snapshotTargetBytes
/** What a part of a table counts for that its source calls empty: there are only tombstones in it. */
export const emptyPartBytes = 4096
/** Tables of a peer whose registers or rows a transfer of its state asks for at once. */
export const transferTablesUnderWayMax = 16
/** Batches of a peer, the last that were applied, of which each is remembered with how many changes of each table it had; and these counts in all. */
export const appliedCountsMax = 4096
/** Rows of a range whose digests are compared at once, and of one that is compared row by row. */
export const verifyRangeRowsMax = 1024
export const verifyRangeBytesMax = 1024 * 1024
export const inspectRangeRowsMax = 64
/** A peer's rows in such a range that are looked at: one with more than these differs anyway. */
export const verifyPeerRowsMax = 8192
/** Ranges under way at once. */
export const verifyRangesUnderWayMax = 6
/** Beyond this age of its watermark a comparison proves too little, unless the operator says otherwise. */
export const watermarkAgeMsMax = 10_000
/** Differing keys that one comparison names. */
export const differingKeysMax = 1000
/** Pauses of replication in force at once. */
export const pausesMax = 1000
export const pauseMsMax = 30 * 24 * 60 * 60 * 1000
/** A region's stream forgets its oldest messages beyond this; peers that miss them ask the log. */
export const streamBytesMax = 1024 * 1024 * 1024
/**
 * What a nats-server may take of its disk, where its configuration is written here. By itself it takes three quarters of what is free
 * as it starts, and keeps to that: once started on a disk that is nearly full, it would stay small for ever.
 */
export const natsFileBytesMax = 2 * streamBytesMax
/** Processes of a region that its store remembers, and logs that it had before the present one. */
export const startsRememberedMax = 64
export const epochsRememberedMax = 64
/** How long a node that starts waits for its peers' word on whether its store is the latest, before it serves. */
export const storeAgeCheckMsMax = 2000
/** A message that ends so many positions beyond what its region has announced is believed only once that region's node says so. */
export const implausibleJumpMin = 65_536
/** Between attempts to reach a nats-server. */
export const connectBackOffMsMin = 100
export const connectBackOffMsMax = 2000
/** Between attempts to use a stream that its nats-server refuses for a reason that lasts. */
export const refusedBackOffMsMax = 5000
/** While a stream is refused for one reason, the log says so this often. */
export const refusalLoggedEveryMs = 60_000
/** Consumers of a region's stream, at its nats-server: a peer uses one, and leaves those of lost sessions behind for half a minute. */
export const peerConsumersMax = 1024
/** After so long without a pull the server removes a consumer, whatever its maker asked for. */
export const consumerInactiveMsMax = 60_000
/** Questions of peers that a region answers at once. */
export const requestsUnderWayMax = 160
/** So many messages of a peer behind, and with no more changes a message than that on average, its log is asked for them. */
export const backlogMessagesMin = 512
export const backlogChangesAMessageMax = 16
/** Parts of a peer's log, of up to 256 changes, that are asked for and not here yet. */
export const backlogPartsUnderWayMax = 64
/** Appends to the own stream that are not acknowledged yet. */
export const messagesUnderWayMax = 64
export const messagesUnderWayBytesMax = 16 * 1024 * 1024
/** From one message to the next, unless it is full: each costs the origin an append, and a confirmation of every peer. */
export const messagesApartMs = 2
/** Messages of a peer that wait to be applied: beyond either, its session is not read. */
export const inboxMessagesMax = 2048
export const inboxBytesMax = 16 * 1024 * 1024
/** Waiting messages are applied together, up to these; they are decided in one turn. A change counts once more for each index of its table. */
export const applyChangesMax = 1024
export const applyTargetBytes = 4 * 1024 * 1024
/** Batches decided and not durable yet: those of one group are flushed while those of the next are decided. */
export const appliesUnderWayMax = 3
/** The log keeps what a peer has not confirmed, but no more positions than these: a peer further behind gets the state instead. */
export const logPositionsMax = 2_000_000
/** Stretches of the own log that leave nothing out of the region and are remembered, so that they need not be read. */
export const localOnlyRunsMax = 4096
/** Positions read in one turn of the event loop by whoever goes through the log. */
export const logReadChangesMax = 256
/** And about their bytes. */
export const logReadBytesMax = 4 * 1024 * 1024
/** Parts of the log that a status counts by itself in its turn, and in several turns when it may wait. */
export const countedInStatusMax = 4
export const countedForStatusMax = 400
/** Tables that a status, or the metrics, look at in one turn, and members of an answer that become JSON in one. */
export const statusTablesAtOnceMax = 250
/** Registers of tables that a start reads in one turn. */
export const registersLoadedAtOnceMax = 2000
export const jsonMembersAtOnceMax = 500
/** Changes of one table, confirmed together, whose latencies are measured one by one. */
export const latencySamplesAtOnceMax = 4096
/** Positions that the log lets go of before the counts follow. */
export const trimmedAtOnceMax = 16_384
/** Of a peer's stream, under way at once: over 100 ms, so much fills the way at two gigabits a second. */
export const pullBytesMax = 24 * 1024 * 1024
/** The same before anything is known of the line, and on the narrowest. */
export const streamWindowBytesMin = 16 * 1024
/** The least that is asked of a peer at once, of rows or of its log. */
export const linePartBytesMin = 4 * 1024
/** A line that carries less is narrow (1 Mbit/s): finding out that it is cut may take longer. */
export const narrowBytesPerSecond = 125_000
/** So many bytes within the time of a wait are progress: more than pings and heartbeats come to. */
export const progressBytesMin = 1024
/** What is waited for cannot lie behind more than this: the stream's window and a few of the largest messages. */
export const patienceBytesMax = pullBytesMax + 3 * messageSizeBytesMax
/** A tombstone stays at least this long, whatever the replicas have confirmed: a snapshot's part on its way may be older than it. */
export const tombstoneAgeMsMin = 60_000
export const tombstonesRemovedAtOnceMax = 500

/** How often turns of the event loop are looked at, from when one is long, and how far warnings about them are apart. */
export const turnLookMs = 10
export const longTurnMs = 50
export const turnWarningsApartMs = 10_000
/** Lines of /metrics that are put together in one turn. */
export const metricLinesAtOnceMax = 2000

// The wire
/** Of an Authorization header that is quoted back. */
export const authorizationSizeMax = 2048
/** Clients (by key, day, region and signed headers) of which what their signatures have in common is kept. */
export const signersMax = 1000
/** Files of an opened data folder from which other users' rights are taken one by one; the folder itself keeps them from the rest. */
export const filesTightenedMax = 10_000
/** Access keys in a credentials file. */
export const credentialsMax = 10_000
/** Violations of constraints that one message reports, as in DynamoDB. */
export const constraintViolationsMax = 10
/** How deep the form of a request's attribute values is looked at; far beyond what a value may nest. */
export const coerceDepthMax = 64
/** How deep a body's JSON may nest before it is refused unparsed. Attribute values of 100 levels take 200 of it, and are refused in their place. */
export const bodyDepthMax = 512
/** Members of a set with duplicates that a message sorts. */
export const sortedTwinsMax = 10_000
/** Members and elements of a body without attribute values: a table with all its indexes, or 100 keys, has a few thousand. */
export const bodyValuesMax = 100_000
/** Of a body with attribute values: 16 MB of the shortest ones that DynamoDB takes, `{"NULL":true},`, are 2.4 million. */
export const bodyValuesWithItemsMax = 2_500_000
/** Members of one object in a body: an item of 400 KB has no more attributes, with the shortest names that differ. */
export const bodyMembersMax = 105_000
/** Members of an object of conditions, placeholders or tables: three expressions of 4 KB cannot name more. */
export const bodyNamedMembersMax = 10_000
/** A value printed into a message is cut there. */
export const shownTextMax = 64 * 1024
/** Requests that are past their body and not yet answered; one more is throttled. */
export const requestsInFlightMax = 4096
/** Bytes of request bodies held at once, whole or still arriving; more are throttled. */
export const requestBytesInFlightMax = 128 * 1024 * 1024
/** Of these, kept for requests no larger than this: large ones cannot shut them out. */
export const requestBytesForSmallMin = 32 * 1024 * 1024
export const smallRequestBytesMax = 64 * 1024
/** When there is no room, bodies that have been arriving for so long at less than this rate are given up, the slowest first, so many at once. */
export const arrivingSlowMsMin = 2000
export const arrivingFastBytesPerSecond = 1024 * 1024
export const arrivingsGivenUpAtOnceMax = 64
/** A piece of a body that is smaller is copied to those before it, into blocks of at most so many bytes. */
export const smallPieceBytesMax = 8 * 1024
export const receivedBlockBytesMax = 64 * 1024
/** A body of more pieces than this is refused when they have fewer bytes than this on average. */
export const bodyPiecesMin = 4096
export const bodyPieceBytesMin = 64
/** What inflating a body takes beside its bytes, in the budget of bodies; and how much of it may wait for that before the connection is not read. */
export const inflatingBytes = 64 * 1024
/** A refused body's rest that is read and thrown away so that the client can see the answer. */
export const discardedBytesMax = 64 * 1024 * 1024
/** Requests that a connection may have written ahead of their replies; with one more it ends after them. */
export const requestsAheadMax = 256
/** Replies that wait for the end of the event loop's turn, to be written together. */
export const repliesTogetherMax = 64
export const repliesTogetherBytesMax = 1024 * 1024
/** Of replies that are being compressed; further ones go out as they are. */
export const compressingBytesMax = 32 * 1024 * 1024
/** Replies below this size are not worth compressing. */
export const compressedReplySizeBytesMin = 4096
/** How long a reply may wait for a client that reads nothing of it, and the bytes of all that wait in one process. */
export const replyStalledMsMax = 30_000
export const unreadReplyBytesMax = 128 * 1024 * 1024
/** Connections of a port open at once; with a further one those end that wait for longest (http/connection-slots.ts), or it is closed where all are busy. */
export const connectionsMax = 10_000
/** A head that is larger is answered by 400, at every port. */
export const requestHeadBytesMax = 16 * 1024
/** Of a port that serves administration alone. */
export const controlConnectionsMax = 256
/** A body below /admin/. */
export const adminBodyBytesMax = 64 * 1024
/** What a worker and the owner of the writes send each other at once: a body, and what is said about it. */
export const frameSizeBytesMax = 64 * 1024 * 1024
/** Runs of `up` on one data folder, each killed before it could end what the one before it had left. */
export const runsRememberedMax = 256
/** Processes of one region. */
export const workersMax = 64
/** How long a request may take to arrive. */
export const requestMsMax = 300_000
/** How long a connection may be idle. AWS keeps them for about that long, and SDKs reuse them. */
export const idleConnectionMsMax = 60_000
/** For so long after a server begins to close, requests that arrive on its open connections are still executed. */
export const drainMsMax = 4_000
/** So long after that, requests that were begun may take to be answered. */
export const lastAnswersMsMax = 2_500
/** So long after that, connections may take to end. */
export const farewellMsMax = 500
/** A connection that has been ended is read, and what comes is dropped, for so long: a reset could overtake its last reply. */
export const lingerMsMax = 500

// Engine
/** Changes of tables that are remembered one by one: beyond these, who asks looks at all tables; and those that workers are told of. */
export const tableChangesRememberedMax = 1024
export const tableChangesToldMax = 64
/** Small buffers are cut from blocks of this size: at Node's 8 KB a page of rows makes several blocks, each an allocation. */
export const bufferPoolSizeBytes = 128 * 1024
/** What is written to see whether a disk that refused writes has room again: as much as was refused, within these. */
export const probeSizeBytesMin = 1024 * 1024
export const probeSizeBytesMax = 8 * 1024 * 1024
/** What may wait for the disk before writes are refused. */
export const groupBytesMax = 256 * 1024 * 1024
/** Rows that a long job (backfill, removal, trimming) handles before it lets others work. */
export const stepRowsMax = 500
export const stepBytesMax = 1024 * 1024
/** Rows of a snapshot that are merged in one turn. */
export const mergeRowsMax = 500
/** Replicas that became tables of their own, remembered for writes that were meant for them before. */
export const successorsMax = 1000
/** Entries of a feed that one group of writes forgets. */
export const feedForgottenAtOnceMax = 1000
/** Rows of a damaged store that are merged at once. */
export const restoreRowsMax = 200
/** Processes of one region whose words a peer tells apart, and those of all regions that it names in an announcement. */
export const voicesRememberedMax = 4
export const voicesToldMax = 16
/** Two processes of one region run at once when the earlier goes on to speak for so long beside the later, and so often. */
export const voicesOverlapMsMin = 10_000
export const voicesOverlapWordsMin = 5
/** Damaged stores that are kept beside the present one; the oldest goes. */
export const damagedStoresMax = 3
/** Starts without an orderly end, one soon after the other, that make a store suspect. */
export const suspectStartsMax = 3
/** How long the check of a store’s file may keep a start waiting. A larger file is served with its last leaves unchecked. */
export const storeCheckMsMax = 300_000
/** The check of a store in use: so long at a time, with so long a pause between; a round of all pages at most so often. */
export const scrubStepMs = 1
export const scrubPauseMs = 100
export const scrubRoundMsMin = 1000
/** So long at a time once a request has failed as if by damage. */
export const scrubUrgentStepMs = 10
/** Walks of one audit that a refused batch ends before the audit gives up. */
export const auditTriesMax = 3
/** The conflict feed forgets its oldest beyond these. */
export const conflictsMax = 100_000
/** Of the conflict feed in one answer. */
export const conflictsToldMax = 500
export const conflictsToldBytesMax = 1024 * 1024
export const conflictAgeMsMax = 7 * 24 * 60 * 60 * 1000
export const conflictsBytesMax = 256 * 1024 * 1024
/** Of a peer's unreadable changes, the newest are kept for inspection, each cut to so many bytes. */
export const setAsideMax = 1000
export const overruledMax = 1000
export const overruledBytesMax = 16 * 1024 * 1024
export const setAsideBytesMax = 64 * 1024

// Caches
/** Caches that one region tells of its changes, and for how long after its last question one is told of. */
export const cachesMax = 64
export const cacheInterestMs = 10_000
/** A cache asks this often where it should stand, and waits this long for the answer. */
export const cacheAskMs = 500
export const cacheAnswerMsMax = 1500
/** A coherent cache serves hits for so long after it has asked the last question that was answered: the bound of its staleness. */
export const cacheLeaseMs = 2000
/** A cache without a log to follow serves a table's entries for so long after a reply has shown that it is still the same table. */
export const cacheTableConfirmedMs = 1000
/** Last invalidations that are remembered one by one: a reply that was read before those has missed its moment. */
export const cacheFencesMax = 65_536
/** What an entry costs beside its bytes and its key. */
export const cacheEntryOverheadBytes = 400
/** Results of one item, by who asked and what was to be shown of it. */
export const cacheVariantsMax = 16
/** An entry may take this part of its cache. */
export const cacheEntryPartMax = 8
/** Requests that a cache has understood lately, by their text, twice so many at most; and how long a text may be. */
export const cacheUnderstoodMax = 4096
export const cacheUnderstoodTextMax = 1024
/** Requests on their way to the region, and connections for them. */
export const cacheUpstreamConnectionsMax = 256
/** Of the region's replies that a cache has not received whole: beyond these only the oldest is read on. */
export const cacheUpstreamBytesMax = 64 * 1024 * 1024
/** The region may take so long to answer. */
export const cacheUpstreamMsMax = 30_000
// Drills
/** Operations of one load of a drill, and samples of its regions: some hundreds of bytes each, until the report is written. */
export const drillOperationsMax = 2_000_000
export const drillSamplesMax = 1_000_000

// The front door
/** Of the front door, to one region. */
export const frontDoorConnectionsMax = 1024
/** Replies that wait in the front door for clients that do not read: each keeps a connection to a region. */
export const frontDoorStalledMax = 256
