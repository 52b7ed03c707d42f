import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { Alarms } from '../../../../src/links/lane/alarms.ts'
import { Direction } from '../../../../src/links/lane/link-direction.ts'
import { Lane } from '../../../../src/links/lane/lane.ts'
import { plainShape, type Shape } from '../../../../src/links/lane/link-shape.ts'

const readBytes = 64 * 1024
const alarms = new Alarms()
afterEach(() => alarms.clear())

/** A socket that always has as much to read as one read takes, and says how often it was read. */
class Talker extends Duplex {
  reads = 0
  constructor() {
    super({ highWaterMark: 1 })
  }
  override _read(): void {
    this.reads++
    this.push(Buffer.alloc(readBytes, this.reads))
  }
  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done()
  }
}

class Listener extends Duplex {
  readonly heard: Buffer[] = []
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.heard.push(chunk)
    done()
  }
  get heardBytes(): number {
    return this.heard.reduce((sum, { length }) => sum + length, 0)
  }
}

function between(shape: Partial<Shape>): { source: Talker; target: Listener; lane: Lane; direction: Direction } {
  const [source, target] = [new Talker(), new Listener()]
  const lane = new Lane({ from: 'near', to: 'far', configured: { ...plainShape, ...shape }, alarms })
  const sockets = { source: source as unknown as Socket, target: target as unknown as Socket }
  return { source, target, lane, direction: new Direction({ ...sockets, lane, alarms }) }
}

describe('a direction of a connection', () => {
  test('takes of one read what there is room for, and reads no more before that is away', async () => {
    const { source, target, direction } = between({ bandwidthBitsPerSecond: 64_000 })
    source.resume()
    await once(source, 'pause')
    await new Promise(setImmediate)
    expect(source.reads).toBeLessThanOrEqual(2)
    const taken = source.reads * readBytes - source.readableLength
    expect(taken).toBeGreaterThan(0)
    // What waits, and two packets on the line.
    expect(taken - target.heardBytes).toBeLessThanOrEqual(2048 + 2 * 1460)
    direction.stop()
  })

  test('hands over what went back to the socket, in order and once, as soon as the line is wide again', async () => {
    const { source, target, lane, direction } = between({ bandwidthBitsPerSecond: 64_000 })
    source.resume()
    await once(source, 'pause')
    lane.configure({ ...plainShape })
    while (target.heardBytes < 3 * readBytes) await new Promise(setImmediate)
    const heard = Buffer.concat(target.heard).subarray(0, 3 * readBytes)
    expect(heard.equals(Buffer.concat([1, 2, 3].map((n) => Buffer.alloc(readBytes, n))))).toBe(true)
    direction.stop()
    source.destroy()
  })
})
