/** Connections are reset here alone: below what encrypts them, and never at the one moment at which Node would lose them. */
import type { Socket } from 'node:net'

const rawSockets = new WeakMap<Socket, Socket>()

/** `secured` is what the connection's bytes look like once they are decrypted; only the connection below it can be reset. */
export function isSecuredOver(secured: Socket, connection: Socket): void {
  rawSockets.set(secured, connection)
}

/** Returns the connection whose bytes these are, decrypted or not. */
export function connectionBelow(socket: Socket): Socket {
  return rawSockets.get(socket) ?? socket
}

/**
 * Resets a connection. Node refuses to reset one whose end goes out in this very turn (EINVAL), and then never tells that it has closed, nor closes its
 * descriptor: nothing of it is unsent by then, so it is closed instead.
 */
export function reset(socket: Socket): void {
  const connection = connectionBelow(socket)
  const isEnding = connection.writableEnded && !connection.writableFinished && connection.writableLength === 0
  if (isEnding) connection.destroy()
  else connection.resetAndDestroy()
}
