/** A reply that is kept, as the text of its bytes: one character a byte (latin1), which is how it goes out again. */
import type { Position } from '../../core/change/change.ts'

export class Cached {
  /** The whole reply without ConsumedCapacity: `{"Item":…}`, `{}` for an item that is not there, a page of a query. */
  readonly body: string
  /** Up to here the log was seen by whoever read it. */
  readonly position: Position
  /** By the monotonic clock. */
  readonly expiresMs: number
  /** What a front has made of it, for the next time that it is asked for. */
  front: object | undefined = undefined

  constructor(body: string, position: Position, expiresMs: number) {
    this.body = body
    this.position = position
    this.expiresMs = expiresMs
  }
}
