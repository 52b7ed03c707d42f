/**
 * The way between regions. A region appends messages to a stream of its own and follows the streams of its peers;
 * beside the streams there are announcements (fire and forget) and requests (question and answer), which a peer
 * sends over the same connection. The bus may lose, repeat, delay and reorder anything, and forget its streams:
 * the log in the origin's store is the truth, and what travels says which part of it it is.
 */
export type StreamMessage = {
  /** The stream's own number: a hint for resuming, never trusted alone (JetStream may use numbers again). */
  readonly sequence: number
  readonly payload: Buffer
}

export type StreamEnd = { readonly sequence: number; readonly payload: Buffer | undefined }

/** `firstSequence` is one more than `lastSequence` while the stream holds nothing. */
export type StreamState = { readonly firstSequence: number; readonly lastSequence: number }

/** This region's own side. */
export interface Stream {
  /**
   * The last number that the stream has given, 0 for a new stream, with that message if the stream still holds it: messages
   * may all have aged away while the numbers go on. Rejects when the bus is away.
   */
  last(): Promise<StreamEnd>
  /**
   * Appends in the order of the calls; many may be under way. Resolves when the stream has stored the message.
   * `after` is the sequence that the message must follow: another publisher, or a lost store, makes it reject.
   */
  append(payload: Buffer, after: number): Promise<number>
}

/** A question under way. The bus knows no time-out: the asker decides by what arrives how long it waits. */
export type Asked<T> = {
  /** Rejects when the session ends, or when the peer's node is not there. */
  readonly answer: Promise<T>
  /** The asker waits no longer. */
  readonly drop: () => void
}

/** A connection to one peer's bus. Everything rejects or ends once `closed` has resolved. */
export interface PeerSession {
  state(): Asked<StreamState>
  /**
   * Messages from `fromSequence` on, as they come. Calls `onMessage` in the stream's order, one at a time, each after the
   * one before has resolved; bounded bytes outstanding. Called once in a session. A rejection of `onMessage` ends the session.
   */
  consume(fromSequence: number, onMessage: (message: StreamMessage) => void | Promise<void>): void
  /** About so many bytes of the stream may be under way from now on; a single message may be larger. */
  allow(bytes: number): void
  /** A question to the peer's node. */
  ask(payload: Buffer): Asked<Buffer>
  /** Bytes that have arrived so far, those of messages that are not whole yet included, but no announcements, and no answer that no node listens. */
  receivedBytes(): number
  /** One way, may be lost. */
  tell(payload: Buffer): void
  onAnnouncement(handler: (payload: Buffer) => void): void
  /** How long the way there and back takes, as the bus itself measures it now and then while little arrives; not every bus does. */
  onRoundTrip?(handler: (tookMs: number) => void): void
  /** Resolves once, with the reason, when the connection or the consumer has ended. */
  readonly closed: Promise<string>
  close(): Promise<void>
}

/**
 * `asker` is the peer by the way that its message came: where the bus keeps its peers apart none can ask as another;
 * where it does not, that is the peer's own claim.
 */
export type Answerer = (payload: Buffer, asker: string) => Promise<Buffer | undefined>

export type CacheAnswerer = (payload: Buffer) => Promise<Buffer | undefined>

/** This region's side of the line to the caches beside it. What is said while the bus is away is lost, and the caches see that. */
export interface CacheFeed {
  /** To every cache that listens now, in the order of the calls. */
  invalidate(payload: Buffer): void
  /** Answers what caches ask; an answer travels behind everything that was said to them before it. */
  serve(handler: CacheAnswerer): void
}

export interface Bus {
  readonly stream: Stream
  readonly caches: CacheFeed
  /** To every peer that listens now. */
  announce(payload: Buffer): void
  /** Answers the peers' requests, and hears what they tell, where the answer goes nowhere. */
  serve(handler: Answerer): void
  /** Rejects when the peer cannot be reached within the connect time-out. */
  connect(region: string): Promise<PeerSession>
  close(): Promise<void>
}
