/** Limits of exports and imports, by name. */
/** Lines of one data file, about, before they are packed; one item may lie on top. */
export const exportFileBytes = 16 * 1024 * 1024
/** What is packed in one turn. */
export const packedAtOnceBytes = 256 * 1024
/** Rows, or changes of the archived log, that an export looks at in one turn, and about their bytes. */
export const pastRowsAtOnceMax = 500
export const pastBytesAtOnceMax = 256 * 1024
/** Changes that an export keeps in memory; more make it go over the archived log once more. */
export const exportChangesBytesMax = 32 * 1024 * 1024
/** Of an export that has no bytes AWS bills so many. */
export const billedBytesMin = 10_000_000
/** Exports that may be under way: DynamoDB's own limit. */
export const exportsMax = 300
/** Imports that may be under way: DynamoDB's own limit. */
export const importsMax = 50
/** Exports and imports that a region remembers, those under way included. */
export const copiesMax = 10_000
/** Those that have ended are listed for so long. */
export const copiesKeptMs = 90 * 24 * 60 * 60 * 1000
/** A token names its request for so long. */
export const copyTokenMs = 8 * 60 * 60 * 1000
export const listedCopiesMax = 25
export const exportWindowMsMin = 15 * 60 * 1000
export const exportWindowMsMax = 24 * 60 * 60 * 1000
/** Of one line: an item of 400 KB can be several megabytes as JSON. */
export const lineBytesMax = 16 * 1024 * 1024
/** Levels of a struct of Ion. DynamoDB takes 32. */
export const ionDepthMax = 100
/** Of an object that is read at once, and of those that are unpacked in one step. */
export const readAtOnceBytes = 1024 * 1024
export const unpackedAtOnceBytes = 4 * 1024
/** Items that an import writes together, and about their bytes. */
export const importedAtOnceMax = 100
export const importedBytesAtOnceMax = 512 * 1024
/** Items after which an import notes how far it has come. */
export const importNotedEvery = 2000
/** Problems of one import that are logged one by one. */
export const loggedProblemsMax = 20
/** Bulk puts that may be under way, and of one table. */
export const bulksMax = 50
export const bulksOfTableMax = 1
export const listedBulksUsual = 10
/** Rows after which a bulk put notes how far it has come. */
export const bulkNotedEvery = 500
/** Of the lines of a report that wait to be written. */
export const reportBytesMax = 4 * 1024 * 1024
/** Of one line of a report: what was wrong is told without the item where it is longer. */
export const reportedItemBytesMax = 1024 * 1024
