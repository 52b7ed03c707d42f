import { afterEach, describe, expect, it, vi } from 'vitest'
import { type NarrowCase, runNarrow, shareMin } from './narrow.ts'
import { replace, restoreReplaced } from './replacing.ts'

const transfers = ['single changes', 'large items', 'a join', 'a hole'] as const

/** All lines, volumes and injected bugs in `npm run chaos -- narrow`; else the narrowest line from afar, and a part of what else there is. */
const isLong = process.env['LONGITUDE_CHAOS'] === 'long'
const rates = [64_000, 300_000, 5_000_000] as const
const roundTrips = [20, 200, 2000] as const
const allLines = rates.flatMap((bitsPerSecond) => roundTrips.map((roundTripMs) => ({ bitsPerSecond, roundTripMs })))
const shortLines = [{ bitsPerSecond: 64_000, roundTripMs: 2000 }] as const
const lines = isLong ? allLines : shortLines

/** What takes more than a minute: what each transfer costs once weighs little, and nothing is allowed for it. */
const volumes = [300_000, 5_000_000].flatMap((bitsPerSecond) =>
  transfers.map((what) => ({ what, bitsPerSecond, roundTripMs: 2000, times: 6 })),
)
const shortVolumes = volumes.filter(({ what, bitsPerSecond }) => what === 'large items' && bitsPerSecond === 300_000)

/** What needs one line only: it differs from the others in what waits, not in how it is carried. */
const others = [
  { what: 'a very large item', bitsPerSecond: 64_000, roundTripMs: 200 },
  { what: 'a join of large items', bitsPerSecond: 64_000, roundTripMs: 2000 },
  { what: 'a backlog', bitsPerSecond: 64_000, roundTripMs: 2000 },
  { what: 'a backlog', bitsPerSecond: 300_000, roundTripMs: 200 },
  { what: 'a comparison', bitsPerSecond: 64_000, roundTripMs: 2000 },
] as const

// Each rejects where the share is not reached (narrow.ts has the rule), and where one side calls the line cut.
describe.each(lines)('a line of $bitsPerSecond bit/s and $roundTripMs ms is used, and never called cut, by', (line) => {
  it.each(transfers)('%s', { timeout: 300_000 }, async (what) => {
    const { share } = await runNarrow({ what, ...line })
    expect(share).toBeGreaterThan(line.roundTripMs < 2000 || line.bitsPerSecond < 100_000 ? shareMin : shortShareMin)
  })
})

describe('so is one by', () => {
  it.each(others.filter((_, n) => isLong || n % 2 === 0))(
    '$what ($bitsPerSecond bit/s, $roundTripMs ms)',
    { timeout: 300_000 },
    async (narrow) => {
      const { share } = await runNarrow(narrow)
      if (narrow.what !== 'a comparison') expect(share).toBeGreaterThan(shareMin)
    },
  )
})

describe('seven tenths of a line whose round trip is 2 s carry', () => {
  it.each(isLong ? volumes : shortVolumes)('$what ($bitsPerSecond bit/s)', { timeout: 600_000 }, async (narrow) => {
    const { share, tookMs } = await runNarrow(narrow)
    expect(tookMs).toBeGreaterThan(60_000)
    expect(share).toBeGreaterThan(shareMin)
  })
})

/** Where round trips of 2 s are most of the time, as much as the rule leaves of it. */
const shortShareMin = 0.4

type Bug = {
  readonly bug: string
  readonly narrow: NarrowCase
  /** One of these promises must be seen broken. */
  readonly breaks: readonly string[]
  readonly inject: () => void
}

const isUsed = 'a narrow line is used'
const isNotCut = 'a narrow line is not called cut'

const slow = { bitsPerSecond: 64_000, roundTripMs: 80 } as const
const far = { bitsPerSecond: 64_000, roundTripMs: 2000 } as const
const wideAndFar = { bitsPerSecond: 5_000_000, roundTripMs: 2000 } as const

const room = '../../src/readers/replication/talk'

type Class = new (...parts: never[]) => object

/** The class with other properties in each of its objects. */
function overridden(of: unknown, properties: Record<string, unknown>): Class {
  return class extends (of as Class) {
    constructor(...parts: never[]) {
      super(...parts)
      for (const [name, value] of Object.entries(properties)) {
        if (!(name in this)) throw new Error(`there is no ${name} to put a bug in`)
        Object.defineProperty(this, name, typeof value === 'function' ? { get: value as () => unknown } : { value })
      }
    }
  }
}

type Asking = { request(payload: Buffer): Promise<Buffer> }

/** Asks a second time when no answer has come for a while, as if the first question were lost. */
function askingAgain(Session: Class): Class {
  return class extends Session {
    constructor(...parts: never[]) {
      super(...parts)
      const [, clock] = parts as readonly unknown[] as readonly [unknown, { after(ms: number, work: () => void): void }]
      const inherited = Session.prototype as Asking
      const ask = (payload: Buffer): Promise<Buffer> => inherited.request.call(this, payload)
      Object.assign(this, {
        request: (payload: Buffer) => {
          const first = ask(payload)
          let isAnswered = false
          first.catch(() => undefined).finally(() => (isAnswered = true))
          const again = new Promise<Buffer>((resolve, reject) =>
            clock.after(againMs, () => void (isAnswered ? undefined : ask(payload).then(resolve, reject))),
          )
          return Promise.race([first, again])
        },
      })
    }
  }
}

const againMs = 5000

const bugs: readonly Bug[] = [
  {
    bug: 'time-outs are fixed: bytes that arrive are no progress',
    narrow: { what: 'a join of large items', ...slow },
    breaks: [isUsed],
    inject: () => {
      class Fixed {
        readonly #untilMs: number
        constructor(ms: number, { nowMs }: { readonly nowMs: number }) {
          this.#untilMs = nowMs + Math.min(ms, 3000)
        }
        get nextMs(): number {
          return this.#untilMs
        }
        isOver({ nowMs }: { readonly nowMs: number }): boolean {
          return nowMs >= this.#untilMs
        }
      }
      replace('../../src/core/patience.ts', () => ({ Patience: Fixed }))
      replace(`${room}/session.ts`, ({ Session }) => ({ Session: overridden(Session, { isReceiving: () => true }) }))
    },
  },
  {
    bug: 'what is under way is asked for again when it takes long',
    narrow: { what: 'a join of large items', ...slow },
    breaks: [isUsed],
    inject: () => replace(`${room}/session.ts`, ({ Session }) => ({ Session: askingAgain(Session as Class) })),
  },
  {
    bug: 'one part is asked for after the other, whatever the distance',
    narrow: { what: 'a join', ...far },
    breaks: [isUsed],
    inject: () => {
      const nothingAhead = (Ahead: unknown) => overridden(Ahead, { hasCapacity: () => () => false })
      replace(`${room}/ahead.ts`, ({ Ahead }) => ({ Ahead: nothingAhead(Ahead) }))
    },
  },
  {
    bug: 'parts are so small that their questions and answers are most of the line',
    narrow: { what: 'a hole', ...far },
    breaks: [isUsed],
    inject: () =>
      replace(`${room}/line-pace.ts`, ({ Pace }) => ({ Pace: overridden(Pace, { partBytes: () => 1024 }) })),
  },
  {
    bug: 'the distance that was measured once holds for ever, and an answer behind others says nothing of it',
    narrow: { what: 'single changes', ...wideAndFar },
    breaks: [isUsed],
    inject: () =>
      replace(`${room}/line-pace.ts`, ({ Pace }) => ({ Pace: overridden(Pace, { roundTripMs: () => 160 }) })),
  },
  {
    bug: 'a silence is a cut, though a message is arriving',
    narrow: { what: 'large items', ...slow },
    breaks: [isNotCut],
    inject: () =>
      replace(`${room}/session.ts`, ({ Session }) => ({ Session: overridden(Session, { isReceiving: () => false }) })),
  },
]

afterEach(() => {
  restoreReplaced()
  vi.resetModules()
})

describe('the simulator finds that', () => {
  // Every fourth one; all of them with `npm run chaos -- narrow`.
  for (const { bug, narrow, breaks, inject } of bugs.filter((_, n) => isLong || n % 4 === 1))
    it(bug, { timeout: 300_000 }, async () => {
      vi.resetModules()
      inject()
      const { runNarrow: run } = await import('./narrow.ts')
      const found = await run(narrow).catch((error: unknown) => error)
      expect(breaks).toContain((found as { readonly promise?: string }).promise)
    })
})
