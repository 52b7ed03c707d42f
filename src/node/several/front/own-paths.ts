/** Which requests beside the API a node answers itself, whatever its role; all others are the leading node's. */
import type { Socket } from 'node:net'
import { requestHeadBytesMax, requestMsMax } from '../../../core/limits/limits.ts'

const own = /^(GET|HEAD|OPTIONS) \/(ping|health|ready|metrics|admin\/node)?(\?\S*)? HTTP\//

type Choices = {
  /** The node's own server takes it. */
  readonly own: (socket: Socket, received: Buffer) => void
  readonly leaders: (socket: Socket, received: Buffer) => void
}

/** Chooses by the first line, which is waited for. The connection is paused, and is given on so. */
export function choose(socket: Socket, received: Buffer, choices: Choices): void {
  const end = received.indexOf('\n')
  if (end < 0 && received.length < requestHeadBytesMax) return more(socket, received, choices)
  const line = received.toString('latin1', 0, end < 0 ? 0 : end)
  return own.test(line) ? choices.own(socket, received) : choices.leaders(socket, received)
}

function more(socket: Socket, received: Buffer, choices: Choices): void {
  const destroy = (): void => void socket.destroy()
  const timer = setTimeout(destroy, requestMsMax).unref()
  const clear = (): void => {
    clearTimeout(timer)
    socket.removeListener('data', take)
    socket.removeListener('error', destroy)
    socket.removeListener('end', destroy)
    socket.removeListener('close', clear)
  }
  const take = (chunk: Buffer): void => {
    clear()
    socket.pause()
    choose(socket, Buffer.concat([received, chunk]), choices)
  }
  socket.on('data', take)
  socket.on('error', destroy)
  socket.on('end', destroy)
  socket.on('close', clear)
  socket.resume()
}
