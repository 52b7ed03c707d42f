/**
 * Replies that clients do not read. A client that stops reading keeps its reply in this process's memory; so a connection may wait
 * for its client only so long without any progress, and not for ever with a little of it, and all replies that wait may hold only so many
 * bytes. Beyond either, the connection that has waited longest is ended.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { replyStalledMsMax, unreadReplyBytesMax } from '../../core/limits/limits.ts'
import { replyMsMax } from '../../core/limits/wire-limits.ts'

export type UnreadBounds = {
  readonly bytesMax: number
  readonly stalledMsMax: number
  /** However much of it has left meanwhile. */
  readonly replyMsMax?: number
}

const usual: UnreadBounds = { bytesMax: unreadReplyBytesMax, stalledMsMax: replyStalledMsMax }

export class UnreadReplies {
  readonly #bounds: UnreadBounds
  /** What each holds, in the order in which they began to wait. */
  readonly #waiting = new Map<Socket, number>()
  #bytes = 0

  constructor(bounds = usual) {
    this.#bounds = bounds
  }

  /** Connections whose clients do not read at the moment. */
  get count(): number {
    return this.#waiting.size
  }

  /** Of all of them, as they began to wait. */
  get heldBytes(): number {
    return this.#bytes
  }

  /** Call after a write that the socket has not passed on whole. */
  wait(socket: Socket): void {
    if (socket.destroyed || this.#waiting.has(socket)) return
    const before = socket.timeout ?? 0
    const held = socket.writableLength
    this.#waiting.set(socket, held)
    this.#bytes += held
    const stop = (): void => {
      clearTimeout(timer)
      socket.removeListener('drain', stop).removeListener('close', stop).removeListener('timeout', end)
      if (!this.#waiting.delete(socket)) return
      this.#bytes -= held
      if (!socket.destroyed && socket.timeout === this.#bounds.stalledMsMax) socket.setTimeout(before)
    }
    // Node calls it only when nothing at all of what was written has left for that long.
    const end = (): void => void socket.destroy()
    const timer = setTimeout(end, this.#bounds.replyMsMax ?? replyMsMax).unref()
    socket.on('drain', stop).on('close', stop).on('timeout', end)
    socket.setTimeout(this.#bounds.stalledMsMax)
    this.#makeRoom()
  }

  /** A response of node:http, by any part of the server. */
  watch(response: ServerResponse): void {
    response.once('prefinish', () => {
      const { socket } = response
      if (socket?.writableNeedDrain === true) this.wait(socket)
    })
  }

  #makeRoom(): void {
    for (const [socket, held] of this.#waiting) {
      if (this.#bytes <= this.#bounds.bytesMax) return
      this.#waiting.delete(socket)
      this.#bytes -= held
      socket.destroy()
    }
  }
}
