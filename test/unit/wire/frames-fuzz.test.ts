/**
 * Frames between the processes of a region, changed at random and cut anywhere: each is understood as it is, or the connection is broken, and nothing else is thrown.
 * `npm run fuzz:frames` sends a million; a failure names its seed, and LONGITUDE_FRAMES_SEED begins with it.
 */
import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLmdbStore } from '../../../src/adapters/lmdb/lmdb-store.ts'
import { frameSizeBytesMax } from '../../../src/core/limits/limits.ts'
import { Forwarder, serveForwarded } from '../../../src/http/processes/forwarding.ts'
import { toldIn } from '../../../src/node/several/line/leader-word.ts'
import { answerTo, lendAnswerIn, pageQuestion, placeQuestion } from '../../../src/region/nodes/store/store-pages.ts'
import { firstPlace } from '../../../src/region/nodes/store/node-place.ts'
import { seeded } from '../../conformance/malformed.ts'

const streams = Math.ceil(Number(process.env['LONGITUDE_FRAMES'] ?? 20_000) / 10)
const firstSeed = Number(process.env['LONGITUDE_FRAMES_SEED'] ?? 1)

type Chance = () => number

/** A socket that keeps what is written to it. */
class End extends EventEmitter {
  readonly written: Buffer[] = []
  destroyed = false
  writableCorked = 1
  writableLength = 0

  write(bytes: Buffer): boolean {
    this.written.push(bytes)
    return true
  }

  destroy(): void {
    this.destroyed = true
  }

  get socket(): Socket {
    return this as unknown as Socket
  }
}

const below = (random: Chance, most: number): number => Math.floor(random() * most)
const oneOf = <T>(random: Chance, all: readonly [T, ...T[]]): T => all[below(random, all.length)] ?? all[0]

function frame(number: number, about: unknown, body: Buffer): Buffer {
  const text = Buffer.from(typeof about === 'string' ? about : JSON.stringify(about))
  const head = Buffer.alloc(12)
  head.writeUInt32BE(8 + text.length + body.length, 0)
  head.writeUInt32BE(number, 4)
  head.writeUInt32BE(text.length, 8)
  return Buffer.concat([head, text, body])
}

const odd: readonly [unknown, ...unknown[]] = [
  null,
  0,
  -1,
  1e9,
  '',
  'x\r\ny: z',
  [],
  {},
  [1],
  { a: { b: 1 } },
  '__proto__',
  true,
]

/** With one member that may be anything. */
function perhapsOdd(random: Chance, about: Readonly<Record<string, unknown>>): unknown {
  if (random() < 0.9) return about
  if (random() < 0.1) return oneOf(random, odd)
  const names = Object.keys(about)
  return { ...about, [names[below(random, names.length)] ?? 'x']: oneOf(random, odd) }
}

const request = { url: '/', headers: { host: 'h', a: ['b', 'c'] }, rawHeaders: ['host', 'h'], address: '::1' }
const reply = { requestId: 'id', status: 200, contentType: 'text/plain', headers: { a: 'b' }, cut: 'close' }

function changed(random: Chance, bytes: Buffer): Buffer {
  if (random() < 0.8) return bytes
  const copy = Buffer.from(bytes)
  const at = below(random, copy.length)
  switch (below(random, 5)) {
    case 0:
      copy[at] = below(random, 256)
      return copy
    case 1:
      if (copy.length >= 12) copy.writeUInt32BE(below(random, 2 ** 32), 4 * below(random, 3))
      return copy
    case 2:
      return copy.subarray(0, at)
    case 3:
      return Buffer.concat([copy.subarray(0, at), Buffer.of(below(random, 256)), copy.subarray(at)])
    case 4:
      return Buffer.concat([copy, copy.subarray(at)])
    default:
      return copy
  }
}

/** Gives the bytes to the end in pieces of any size. */
function deliver(random: Chance, end: End, bytes: Buffer): void {
  for (let at = 0; at < bytes.length && !end.destroyed;) {
    const size = 1 + below(random, random() < 0.5 ? 8 : 400)
    end.emit('data', Buffer.from(bytes.subarray(at, at + size)))
    at += size
  }
}

function forEachSeed(look: (random: Chance) => void): void {
  for (let seed = firstSeed; seed < firstSeed + streams; seed++)
    try {
      look(seeded(seed))
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
}

const ten = (make: () => Buffer): Buffer => Buffer.concat(Array.from({ length: 10 }, make))

test('requests of another process are answered as they are, or its connection is broken', () => {
  const answered = { whole: 0, broken: 0 }
  forEachSeed((random) => {
    const end = new End()
    const broken: string[] = []
    serveForwarded(end.socket, {
      answer: ({ url, headers, rawHeaders, address }, send) => {
        const isInForm = typeof url === 'string' && typeof headers === 'object' && Array.isArray(rawHeaders())
        if (!isInForm || (address !== undefined && typeof address !== 'string')) expect.unreachable()
        answered.whole++
        send('id', { status: 200, contentType: 'text/plain', bytes: Buffer.from('x') })
      },
      onStuck: () => expect.unreachable(),
      onTold: toldIn,
      onBroken: (reason) => {
        broken.push(reason)
        end.destroy()
      },
    })
    deliver(
      random,
      end,
      ten(() => changed(random, frame(below(random, 3), perhapsOdd(random, request), Buffer.alloc(below(random, 50))))),
    )
    answered.broken += Math.min(broken.length, 1)
    if (end.written.some(({ length }) => length > frameSizeBytesMax)) expect.unreachable()
  })
  expect([answered.whole > streams, answered.broken > streams / 10]).toEqual([true, true])
})

test('a request that was passed on is answered once, whatever comes back', () => {
  forEachSeed((random) => {
    const end = new End()
    const forwarder = new Forwarder(end.socket, { onBroken: () => end.destroy(), onTold: toldIn })
    const counts = Array.from({ length: 10 }, () => 0)
    for (const n of counts.keys())
      forwarder.forward(
        { url: '/', headers: {}, rawHeaders: () => [], body: Buffer.alloc(0), payload: Buffer.alloc(0) },
        (_, { status, headers = {} }) => {
          counts[n] = (counts[n] ?? 0) + 1
          const isInForm = Number.isInteger(status) && status >= 100 && status < 600
          if (!isInForm || /[\r\n]/.test(Object.values(headers).join(''))) expect.unreachable()
        },
        () => (counts[n] = (counts[n] ?? 0) + 1),
      )
    deliver(
      random,
      end,
      ten(() => changed(random, frame(below(random, 12), perhapsOdd(random, reply), Buffer.alloc(below(random, 50))))),
    )
    forwarder.end({ status: 500, contentType: 'text/plain', bytes: Buffer.alloc(0) })
    if (counts.some((count) => count !== 1) || forwarder.count !== 0) expect.unreachable(String(counts))
  })
})

test('a question for a node’s store is answered, and an answer is read or refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'longitude-frames-'))
  const store = await openLmdbStore(folder)
  await store.write([{ key: Buffer.of(1, 2), value: Buffer.from('a row') }])
  const place = { ...firstPlace, sequence: 7 }
  forEachSeed((random) => {
    for (const question of [placeQuestion, pageQuestion(Buffer.alloc(below(random, 6000), below(random, 256)))]) {
      const asked = changed(random, question)
      const answer = answerTo(asked, store, { place })
      if (answer.length === 0) expect.unreachable()
      lendAnswerIn(answer)
      lendAnswerIn(changed(random, answer))
    }
  })
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})
