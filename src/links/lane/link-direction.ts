/**
 * One direction of one connection between its two sockets: what the source says reaches the target as late as the lane
 * has it, in order, and so does its end, or its break. Reading stops while too much waits or the target is slow, so that
 * TCP pushes back on the sender as a long, thin line would.
 */
import { reset } from '../../http/bytes/resets.ts'
import type { Socket } from 'node:net'
import { linkUnwrittenBytesMax } from '../../core/limits/link-limits.ts'
import type { Alarm, Alarms } from './alarms.ts'
import { Flow } from './flow.ts'
import type { Content, Ending } from './flow.ts'
import type { Lane, LaneUser } from './lane.ts'

export type DirectionOptions = {
  readonly source: Socket
  readonly target: Socket
  readonly lane: Lane
  readonly alarms: Alarms
}

export class Direction implements LaneUser {
  readonly #source: Socket
  readonly #target: Socket
  readonly #lane: Lane
  readonly #alarms: Alarms
  readonly #flow: Flow
  #alarm: Alarm | undefined
  #draining = false
  #stopped = false
  /** The source has ended, in whatever way, and that has been put in. */
  #ending: Ending | undefined
  /** The source's end has come out. */
  #delivered = false

  constructor({ source, target, lane, alarms }: DirectionOptions) {
    this.#source = source
    this.#target = target
    this.#lane = lane
    this.#alarms = alarms
    this.#flow = new Flow(lane.line, () => this.#given())
    lane.users.add(this)
    source.on('data', (chunk: Buffer) => this.#read(chunk))
    source.once('end', () => this.#put('end'))
    // Emitted once everything is written; the sockets' own mark is so low that they always emit it.
    target.on('drain', () => {
      if (!this.#draining) return
      this.#draining = false
      this.pump()
    })
  }

  /** Whether the whole stream went through, to its end. */
  get isDelivered(): boolean {
    return this.#delivered
  }

  get hasEnded(): boolean {
    return this.#ending !== undefined
  }

  laneChanged(): void {
    this.pump()
  }

  /** The source is gone without an end in order; the target hears of it after everything that came before. */
  breakOff(): void {
    if (this.#ending !== 'broken') this.#put('broken')
  }

  /** Sends what has arrived and sets the alarm for the rest. */
  pump(): void {
    if (this.#stopped) return
    if (this.#target.destroyed) this.#flow.clear()
    const nowMs = performance.now()
    let sent = false
    while (!this.#draining) {
      const content = this.#flow.take(nowMs)
      if (content === undefined) break
      this.#send(content)
      sent = true
    }
    if (sent) this.#lane.serve()
    this.#given()
  }

  stop(): void {
    this.#stopped = true
    this.#alarm?.cancel()
    this.#lane.users.delete(this)
    this.#flow.clear()
  }

  #read(chunk: Buffer): void {
    if (this.#target.destroyed) return
    if (this.#lane.line.isPlain && !this.#draining && this.#flow.isEmpty) this.#send(chunk)
    else this.#admit(chunk)
  }

  /** Takes as much as there is room for. The rest goes back to the socket, which reads no more while it holds something. */
  #admit(chunk: Buffer): void {
    const { roomBytes } = this.#flow
    if (chunk.length <= roomBytes) return this.#put(chunk)
    this.#source.pause()
    this.#source.unshift(chunk.subarray(roomBytes))
    if (roomBytes > 0) this.#put(chunk.subarray(0, roomBytes))
  }

  #put(content: Content): void {
    if (this.#stopped) return
    if (typeof content === 'string') this.#ending = content
    this.#flow.put(content, performance.now())
    this.#lane.serve()
    if (this.#flow.isHigh) this.#source.pause()
  }

  #given(): void {
    if (this.#source.isPaused() && this.#flow.isLow) this.#source.resume()
    this.#setAlarm()
  }

  #send(content: Content): void {
    if (content === 'broken') reset(this.#target)
    else if (content === 'end') {
      this.#delivered = true
      this.#target.end()
    } else {
      this.#lane.carriedBytes += content.length
      this.#target.write(content)
      this.#draining = this.#target.writableLength >= linkUnwrittenBytesMax
    }
  }

  #setAlarm(): void {
    const next = this.#draining ? undefined : this.#flow.nextMs
    if (next === this.#alarm?.atMs) return
    this.#alarm?.cancel()
    this.#alarm = next === undefined ? undefined : this.#alarms.set(next, () => this.#alarmCame())
  }

  #alarmCame(): void {
    this.#alarm = undefined
    this.pump()
  }
}
