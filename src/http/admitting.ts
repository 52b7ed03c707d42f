/**
 * The first line of a connection between two processes of a region: JSON with a secret that only they know, and what the connection is for. Nothing else of a
 * connection is looked at before the secret is checked.
 */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import { admissionBytesMax, handshakeMsMax } from '../core/limits/wire-limits.ts'
import { slotOf } from './connection-slots.ts'

type Admission = {
  /** Any of them is taken. */
  readonly secrets: () => readonly string[]
  /** Is given what the line says and what has come after it. The connection is paused. */
  readonly take: (beginning: Readonly<Record<string, unknown>>, received: Buffer) => void
}

/** A connection that does not begin so, or takes too long to, is destroyed. */
export function admit(socket: Socket, { secrets, take }: Admission): void {
  const timer = setTimeout(() => socket.destroy(), handshakeMsMax).unref()
  const stopTimer = (): void => clearTimeout(timer)
  const ignore = (): void => {}
  let received = Buffer.alloc(0)
  const receive = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk])
    const end = received.indexOf('\n')
    if (end < 0 && received.length <= admissionBytesMax) return
    const beginning = beginningIn(received.subarray(0, Math.max(0, end)), secrets())
    if (beginning === undefined) return void socket.destroy()
    clearTimeout(timer)
    // It makes room for no other one.
    slotOf(socket).isBusy = () => true
    socket.removeListener('data', receive)
    socket.pause()
    take(beginning, received.subarray(end + 1))
    socket.removeListener('error', ignore)
    socket.removeListener('close', stopTimer)
  }
  socket.on('error', ignore)
  socket.on('close', stopTimer)
  socket.on('data', receive)
}

/** What the other end writes first. */
export function firstLine(secret: string, beginning: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ ...beginning, secret })}\n`
}

function beginningIn(line: Buffer, secrets: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  try {
    const beginning = JSON.parse(line.toString()) as Readonly<Record<string, unknown>>
    const given = beginning['secret']
    if (typeof given !== 'string') return undefined
    const shown = hash('sha256', given, 'buffer')
    const known = secrets.map((secret) => timingSafeEqual(shown, hash('sha256', secret, 'buffer')))
    return known.includes(true) ? beginning : undefined
  } catch {
    return undefined
  }
}
