/** What a link of the memory bus is like, and how long things take on it. */
export type LinkState = 'up' | 'black-hole' | 'reset'

/** One direction between two regions. Chances are per message, from 0 to 1; a test may change them at any time. */
export type Link = {
  delayMs: number
  jitterMs: number
  readonly state: LinkState
  loseChance: number
  duplicateChance: number
  reorderChance: number
  /** A message that stalls holds up, like a lost segment, whatever follows it in its session. */
  stallChance: number
  stallMs: number
  /** Of what all sessions send in this direction together; undefined for no bound. */
  bytesPerSecond: number | undefined
  /** What arrives in the place of what was sent: a peer of another version, or one that sends garbage. */
  alter: ((payload: Buffer, carried: Carried) => Buffer) | undefined
}

/** A message under way: who has sent it to whom, and of an answer what it answers. */
export type Carried = { readonly from: string; readonly to: string; readonly question?: Buffer }

export type MemoryNetworkSettings = {
  readonly connectTimeoutMs: number
  /** A session over a swallowing link is given up after this long. */
  readonly heartbeatTimeoutMs: number
  /** One way between a node and its own server. */
  readonly localDelayMs: number
  readonly delayMs: number
  readonly jitterMs: number
  /** Messages sent to a consumer that it has not finished yet. */
  readonly outstandingMax: number
  readonly streamMessagesMax: number
}
