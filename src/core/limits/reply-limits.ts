/** Memory in which replies stand until they are written, and the blocks of it that are kept for the next ones. */
export const replyBlockBytes = 128 * 1024
export const replyBlocksMax = 10
