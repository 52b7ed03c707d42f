/**
 * The simulator must bite: each of these is a way to get replication wrong that somebody has taken before, put in from
 * outside (a module or an object that misbehaves), and some seed must find it. The production code knows nothing of it;
 * its own assertions are switched off, so that it is the simulator's checkers that are tried.
 */
import { afterEach, describe, it, vi } from 'vitest'
import type { ClockState } from '../../src/core/hybrid-logical-clock/hybrid-logical-clock.ts'
import type { Stamp } from '../../src/core/hybrid-logical-clock/stamp.ts'
import type { Row } from '../../src/core/item/row.ts'
import type { RemoteBatch } from '../../src/engine/commands/command.ts'
import type { Engine } from '../../src/engine/engine.ts'
import type { Env } from '../../src/ports/env.ts'
import type { Variant } from './boot.ts'
import { overriding } from './observed-engine.ts'
import { expectFound } from './teeth.ts'
import { replace, restoreReplaced } from './replacing.ts'

type Bug = {
  readonly bug: string
  /** One of these promises must be seen broken. */
  readonly breaks: readonly string[]
  readonly seedsMax: number
  /** The one that found it last, tried first: it saves the search as long as the world stays the same. */
  readonly knownSeed?: number
  /** The version of the world that the seeds are of: it keeps the known seed as the world grows. The first when not said. */
  readonly world?: number
  /** Only these faults. */
  readonly only?: readonly string[]
  /** Worlds in which regions refuse questions at times. */
  readonly refusals?: true
  /** Replaces modules, and gives what else is to be different. */
  readonly inject: () => Variant
}

const core = '../../src/core'

const later = (a: Stamp, b: Stamp): boolean => a.wallMs > b.wallMs || (a.wallMs === b.wallMs && a.counter > b.counter)

const isDeleted = (index: unknown): boolean => (index as { readonly deleted?: true }).deleted === true

const bugs: readonly Bug[] = [
  {
    bug: 'indexes that regions made apart, of one attribute as two types, all count',
    breaks: ['a table can be written after settling'],
    seedsMax: 400,
    knownSeed: 232,
    world: 3,
    inject: () => {
      replace(`${core}/table/contradictions.ts`, ({ settle }) => ({
        settle: (registers: ReadonlyMap<string, unknown>) => {
          const all = [...registers].filter(([name, value]) => name.startsWith('index/') && !isDeleted(value))
          const indexes = new Map(all.map(([name, value]) => [name.slice('index/'.length), value]))
          return { ...(settle as (of: typeof registers) => object)(registers), indexes, overruled: [] }
        },
      }))
      return {}
    },
  },
  {
    bug: 'the cursor becomes durable before the changes that it covers',
    breaks: ['replicas converge', 'replicas become complete', 'everything up to the watermark is there'],
    seedsMax: 200,
    knownSeed: 34,
    inject: () => ({
      engine: (engine) => ({
        apply: async (batch: RemoteBatch, sequence: number) => {
          const before = engine.cursor(batch.origin)
          if (before?.epoch !== batch.epoch || batch.after > before.position || batch.upTo <= before.position)
            return engine.apply(batch, sequence)
          await engine.setCursor(batch.origin, { epoch: batch.epoch, position: batch.upTo, sequence })
          for (const { kind, table, key, row } of batch.changes)
            if (kind === 'item') await engine.merge(table, [{ key, row }])
            else await engine.mergeRegisters(table, [{ key, row }])
          const outcomes = { won: batch.changes.length, ignored: 0, conflicts: 0, setAside: [] }
          return { applied: 'all', cursor: batch.upTo, ...outcomes }
        },
      }),
    }),
  },
  {
    bug: 'stamps come from the wall clock',
    breaks: ['a later write has a later stamp', 'last writer wins', 'the hybrid clock never goes back'],
    seedsMax: 100,
    inject: () => {
      const wall = (nowMs: number): ClockState => ({ wallMs: nowMs, counter: 0 })
      replace(`${core}/hybrid-logical-clock/hybrid-logical-clock.ts`, () => ({
        tick: (_: ClockState, nowMs: number) => wall(nowMs),
        receive: (_: ClockState, __: ClockState, nowMs: number) => wall(nowMs),
        isAfter: () => true,
      }))
      return {}
    },
  },
  {
    bug: 'equal clocks of two regions are not decided by the region’s number',
    breaks: ['replicas converge', 'the later write wins a conflict'],
    seedsMax: 300,
    inject: () => {
      const byClock = (a: Stamp, b: Stamp): number => (later(a, b) ? 1 : later(b, a) ? -1 : 0)
      replace(`${core}/hybrid-logical-clock/stamp.ts`, () => ({ compareStamps: byClock }))
      return { coarseClockMs: 50 }
    },
  },
  {
    bug: 'tombstones are removed before every replica has confirmed them',
    breaks: ['tombstones never go early', 'last writer wins', 'replicas converge'],
    seedsMax: 50,
    inject: () => ({
      engine: (engine, env) => {
        const remove = (): void => {
          for (const table of engine.tables())
            void engine.removeTombstones(table.id, { ...engine.clock(), region: 0xffff }, 100).catch(() => undefined)
          env.clock.after(200, remove)
        }
        env.clock.after(200, remove)
        return {}
      },
    }),
  },
  {
    bug: 'a peer’s word that it has seen a delete counts before what it wrote until then is here',
    breaks: ['tombstones never go early', 'replicas converge'],
    seedsMax: 200,
    knownSeed: 10,
    world: 8,
    only: ['pause link', 'cut one way'],
    inject: () => {
      replace('../../src/readers/replication/talk/watermark.ts', ({ Watermark }) => ({
        Watermark: believingAtOnce(Watermark as WatermarkClass),
      }))
      // What a peer has written is on its way for longer than its word, which comes past it.
      const late = (engine: Engine, env: Env): Partial<Engine> => ({
        apply: (batch, sequence) => env.clock.sleep(1500).then(() => engine.apply(batch, sequence)),
      })
      return { tombstoneAgeMsMin: 1000, engine: late }
    },
  },
  {
    bug: 'registers of removed tables are forgotten before every region knows of the removal',
    breaks: ['registers of what is deleted never go early'],
    seedsMax: 200,
    knownSeed: 172,
    world: 8,
    inject: () => ({
      engine: (engine, env) => {
        const forget = (): void => {
          for (const table of engine.knownTables())
            void engine.forgetRegisters(table, { ...engine.clock(), region: 0xffff }).catch(() => undefined)
          env.clock.after(200, forget)
        }
        env.clock.after(200, forget)
        return {}
      },
    }),
  },
  {
    bug: 'the log is trimmed before every replica has confirmed it',
    breaks: ['the log is kept until every replica has confirmed'],
    seedsMax: 50,
    inject: () => ({
      engine: (engine, env) => {
        const trim = (): void => {
          void engine.trimLog(engine.flushed()).catch(() => undefined)
          env.clock.after(200, trim)
        }
        env.clock.after(200, trim)
        return {}
      },
    }),
  },
  {
    bug: 'the holds of peers on the log are ignored',
    breaks: ['the log is kept until every replica has confirmed'],
    seedsMax: 50,
    inject: () => ({
      engine: (engine) => ({
        retention: overriding(engine.retention, {
          hold: (hold) => (hold.name.startsWith('peer/') ? () => undefined : engine.retention.hold(hold)),
        }),
      }),
    }),
  },
  {
    bug: 'writes are acknowledged and published before they are on the disk',
    breaks: [
      'durable stays durable',
      'cursors stay within what the origin has flushed',
      'the hybrid clock never goes back',
    ],
    seedsMax: 100,
    knownSeed: 19,
    inject: () => ({ lyingDisk: true }),
  },
  {
    bug: 'writes are decided on what is durable, without what is under way',
    breaks: [
      'conditions hold on the state before',
      'an accepted write has its result',
      'outcomes tell what was before',
      'last writer wins',
      'counters are right',
      'own numbers count without holes',
    ],
    seedsMax: 50,
    knownSeed: 6,
    inject: () => {
      replace('../../src/engine/commands/flush-group.ts', ({ Groups }) => ({
        Groups: withoutOverlay(Groups as GroupsClass),
      }))
      return {}
    },
  },
  {
    bug: 'version vectors are not merged',
    breaks: ['version vectors never forget', 'replicas converge', 'everything up to the watermark is there'],
    seedsMax: 50,
    inject: () => {
      replace(`${core}/reconcile/version-vector.ts`, () => ({ mergeVectors: (a: unknown) => a }))
      return {}
    },
  },
  {
    bug: 'rows of a peer are not checked',
    breaks: ['a poisoned change is set aside', 'nothing is applied that nobody wrote'],
    seedsMax: 100,
    knownSeed: 5,
    inject: () => {
      replace('../../src/engine/commands/peer-row.ts', ({ checkHeader }) => ({
        checkItemRow: (_: unknown, __: unknown, { body }: Row) => parsedOr(body, {}),
        checkRegisterRow: (_: unknown, row: unknown) => row,
        checkHeader,
      }))
      return {}
    },
  },
  {
    bug: 'messages of another version are read as if they were of this one',
    breaks: ['nothing of another version is applied', 'a peer of another version is not called live'],
    seedsMax: 100,
    knownSeed: 29,
    inject: () => {
      replace(`${core}/change/message.ts`, ({ kindOf }) => {
        const lenient = (payload: Buffer): unknown => {
          const copy = Buffer.from(payload)
          if (copy.length > 4) copy[4] = 2
          return (kindOf as (payload: Buffer) => unknown)(copy)
        }
        return {
          kindOf: lenient,
          versionOf: () => 2,
          expectKind: (payload: Buffer, kind: unknown) => {
            if (lenient(payload) !== kind) throw new RangeError('another kind')
          },
        }
      })
      return {}
    },
  },
  {
    bug: 'a message whose signature does not verify is taken all the same',
    breaks: ['nothing is applied that nobody wrote'],
    seedsMax: 200,
    knownSeed: 3,
    world: 3,
    inject: () => {
      replace(`${core}/change/seal.ts`, () => ({ checkSeal: () => undefined }))
      return {}
    },
  },
  {
    bug: 'a disassociated replica still receives',
    // Also of the last replica left, whose table is its own for another reason: what comes to it was never written there.
    breaks: ['a disassociated replica receives nothing', 'nothing is applied that nobody wrote'],
    seedsMax: 200,
    knownSeed: 11,
    inject: () => ({
      engine: (engine) => ({
        apply: (batch: RemoteBatch, sequence: number) => {
          const own = engine.tables().find(({ name, replicas }) => name === 'orders' && replicas.length === 0)?.id
          const changes = batch.changes.map((change) =>
            change.kind === 'item' && own !== undefined && engine.tableWithId(change.table) === undefined
              ? { ...change, table: own }
              : change,
          )
          return engine.apply({ ...batch, changes }, sequence)
        },
      }),
    }),
  },
  {
    bug: 'a conflict in which the incoming write loses is not told',
    breaks: ['no lost write is left out of the conflict feeds'],
    seedsMax: 100,
    knownSeed: 20,
    inject: () => {
      replace('../../src/engine/feed.ts', ({ addConflict }) => ({
        addConflict: (...told: [unknown, unknown, unknown, { winner: string }]) => {
          if (told[3].winner === 'incoming') (addConflict as (...told: unknown[]) => void)(...told)
        },
      }))
      return {}
    },
  },
  {
    bug: 'a pause forgets what it passes over',
    // Who is told that all is there acts on it: the status, the watermark, or the tombstones may show it before the end does.
    breaks: [
      'replicas converge',
      'everything up to the watermark is there',
      'safe to evacuate is said only when it is',
      'pending is never less than what is missing',
      'tombstones never go early',
    ],
    seedsMax: 200,
    knownSeed: 6,
    world: 8,
    only: ['pause table'],
    inject: () => {
      replace('../../src/readers/replication/pause/paused-positions.ts', ({ PausedPositions }) => ({
        PausedPositions: withoutPlaces(PausedPositions as PausedPositionsClass),
      }))
      return {}
    },
  },
  {
    bug: 'a message from years ahead keeps back what follows it for ever',
    breaks: ['replicas converge'],
    seedsMax: 40,
    world: 4,
    only: ['forged messages'],
    knownSeed: 4,
    inject: () => {
      replace('../../src/readers/replication/receive/link-state.ts', ({ LinkState }) => ({
        LinkState: trusting(LinkState as AnyClass),
      }))
      return {}
    },
  },
  {
    bug: 'a store that was set back keeps its epoch',
    breaks: [
      'replicas converge',
      'everything up to the watermark is there',
      'safe to evacuate is said only when it is',
      'pending is never less than what is missing',
      'version vectors never forget',
      'cursors stay within what the origin has flushed',
      // The replicas differ, and are not damaged.
      'what is not damaged is not called different',
    ],
    seedsMax: 40,
    world: 6,
    only: ['old disk'],
    knownSeed: 3,
    inject: () => {
      replace('../../src/readers/replication/prove/claims.ts', ({ Claims }) => ({
        Claims: believing(Claims as AnyClass),
      }))
      return {}
    },
  },
  {
    bug: 'a store that has found itself older goes on to publish, and peers take what two copies of it wrote for one log',
    breaks: ['everything up to the watermark is there', 'replicas converge'],
    seedsMax: 40,
    world: 7,
    knownSeed: 198238508,
    inject: () => {
      replace('../../src/readers/replication/prove/claims.ts', ({ Claims }) => ({
        Claims: publishing(Claims as AnyClass),
      }))
      replace(`${core}/change/proof.ts`, () => ({ isAgainst: () => false }))
      return {}
    },
  },
  {
    bug: 'a peer that was behind in the former log of a store that was set back begins in the new one past what it lacks',
    breaks: [
      'everything up to the watermark is there',
      'safe to evacuate is said only when it is',
      'replicas converge',
    ],
    seedsMax: 40,
    world: 8,
    only: ['old disk', 'garbage', 'forged positions', 'cut one way', 'trim stream'],
    knownSeed: 27,
    inject: () => {
      replace('../../src/readers/replication/copy/former-logs.ts', () => ({ placeFromFormer: () => undefined }))
      return {}
    },
  },
  {
    bug: 'a forged position is believed',
    breaks: [
      'cursors stay within what the origin has flushed',
      'replicas converge',
      'everything up to the watermark is there',
      'pending is never less than what is missing',
    ],
    seedsMax: 40,
    world: 6,
    only: ['forged positions'],
    knownSeed: 2,
    inject: () => {
      replace('../../src/readers/replication/prove/vouching.ts', ({ Vouching }) => ({
        Vouching: taking(Vouching as AnyClass),
      }))
      return {}
    },
  },
  {
    bug: 'an announced clock moves the watermark however far ahead it is',
    breaks: ['everything up to the watermark is there'],
    seedsMax: 40,
    knownSeed: 30,
    world: 4,
    only: ['forged messages'],
    inject: () => {
      replace('../../src/readers/replication/talk/peer-state.ts', ({ PeerState }) => ({
        PeerState: credulous(PeerState as HearingClass),
      }))
      return {}
    },
  },
  {
    bug: 'a peer that refuses to send rows counts as one that has no more',
    breaks: [
      'replicas converge',
      'everything up to the watermark is there',
      'tombstones never go early',
      'no lost write is left out of the conflict feeds',
    ],
    seedsMax: 200,
    knownSeed: 8,
    refusals: true,
    inject: () => {
      replace('../../src/readers/replication/talk/questions.ts', ({ Questions, Declined }) => ({
        Questions: takingRefusalsForTheEnd(Questions as QuestionsClass, Declined as ErrorClass),
      }))
      return {}
    },
  },
  {
    bug: 'a peer that refuses to send its log counts as one whose log has nothing more',
    breaks: ['replicas converge', 'everything up to the watermark is there', 'tombstones never go early'],
    seedsMax: 200,
    knownSeed: 89,
    world: 8,
    only: ['trim stream', 'wipe stream', 'cut one way'],
    refusals: true,
    inject: () => {
      type Question = { readonly peer: { readonly name: string; readonly number: number } }
      const nothingIn = (question: Question, error: Error): unknown => {
        if (error.name !== 'Declined') throw error
        const { name: origin, number: originNumber } = question.peer
        return { say: 'part', sizeBytes: 0, batch: { ...question, origin, originNumber, changes: [] } }
      }
      replace('../../src/readers/replication/talk/log-part.ts', ({ askForPart, readPart }) => ({
        askForPart: (question: Question) =>
          (askForPart as (question: Question) => Promise<unknown>)(question).catch((error: Error) =>
            nothingIn(question, error),
          ),
        // Backlogs are read part by part, several questions under way.
        readPart: (question: Question, answer: Buffer) => {
          try {
            return (readPart as (question: Question, answer: Buffer) => unknown)(question, answer)
          } catch (error) {
            return nothingIn(question, error as Error)
          }
        },
      }))
      return {}
    },
  },
  {
    bug: 'a region announces less than what its peers lack',
    breaks: ['what is missing of a region is what its log holds'],
    seedsMax: 50,
    knownSeed: 16,
    inject: () => {
      type Told = { readonly lacking: readonly { readonly changes: number }[] }
      replace('../../src/readers/replication/send/lacking.ts', ({ lackingOf }) => ({
        lackingOf: (...asked: unknown[]) => {
          const { lacking } = (lackingOf as (...asked: unknown[]) => Told)(...asked)
          return { lacking: lacking.map((each) => ({ ...each, changes: Math.max(0, each.changes - 1) })) }
        },
      }))
      return {}
    },
  },
  {
    bug: 'repair takes the row that the fewest replicas have',
    breaks: ['damage is mended', 'nothing is applied that nobody wrote'],
    seedsMax: 100,
    knownSeed: 8,
    inject: () => {
      replace(`${core}/reconcile/choose-row.ts`, () => ({
        chooseRow: (replicas: readonly { row: Buffer | undefined; isValid: boolean }[]) => {
          const rows = replicas.flatMap(({ row, isValid }) => (row !== undefined && isValid ? [row] : []))
          const holders = (row: Buffer): number => rows.filter((other) => other.equals(row)).length
          const row = rows.toSorted((a, b) => holders(a) - holders(b))[0]
          return row === undefined ? { chosen: 'none' } : { chosen: 'row', row }
        },
      }))
      return {}
    },
  },
  {
    bug: 'a repair that removes a row writes nothing to the log',
    breaks: ['what a repair changes stands in the log'],
    seedsMax: 100,
    knownSeed: 4,
    inject: () => {
      replace('../../src/engine/commands/row-edit.ts', ({ editRow }) => ({
        editRow: (state: GroupsOf, group: unknown, edit: { removed?: true; at: Buffer }) =>
          edit.removed === true
            ? state.groups.put(group, edit.at, undefined)
            : (editRow as (...all: unknown[]) => unknown)(state, group, edit),
      }))
      return {}
    },
  },
  {
    bug: 'a repair leaves index rows and counts as damage left them',
    breaks: ['counters are right', 'index rows equal a rebuild'],
    seedsMax: 100,
    knownSeed: 11,
    inject: () => {
      replace('../../src/engine/derived/derived-audit.ts', () => ({ Audits: NoAudits }))
      return {}
    },
  },
  {
    bug: 'writes that the disk refuses are acknowledged',
    breaks: [
      'an accepted write stands in the log',
      'an accepted write has its result',
      'a group holds one transaction',
      'conditions hold on the state before',
      'outcomes tell what was before',
    ],
    seedsMax: 100,
    knownSeed: 6,
    inject: () => ({
      engine: (engine) => ({
        commit: async (writes, cause) => {
          const outcomes = writes.map(() => ({ changed: true, previous: undefined, next: undefined }))
          return engine.commit(writes, cause).catch(() => ({ accepted: true, position: engine.flushed(), outcomes }))
        },
      }),
    }),
  },
]

class NoAudits {
  run(): Promise<number> {
    return Promise.resolve(0)
  }

  marked(): readonly [] {
    return []
  }
}

type GroupsOf = { groups: { put: (group: unknown, key: Buffer, value: undefined) => void } }

type GroupsClass = new (options: { store: { get: (key: Buffer) => unknown } }) => object

type WatermarkClass = new () => { promise: (promised: { seen: unknown }) => void }

function believingAtOnce(Watermark: WatermarkClass): WatermarkClass {
  return class extends Watermark {
    constructor() {
      super()
      const promise = this.promise.bind(this)
      let latest: unknown
      Object.defineProperty(this, 'seen', { get: () => latest })
      Object.assign(this, {
        promise: (promised: { seen: unknown }) => {
          latest = promised.seen
          promise(promised)
        },
      })
    }
  }
}

type ErrorClass = new () => Error

type Part = { readonly rows: readonly unknown[]; readonly done: boolean }

type QuestionsClass = new (
  session: unknown,
  region: string,
) => {
  rows: (...asked: unknown[]) => Promise<Part>
  partialRows: (...asked: unknown[]) => Promise<Part>
}

function takingRefusalsForTheEnd(Questions: QuestionsClass, Declined: ErrorClass): QuestionsClass {
  const theEnd = (error: unknown): Part => {
    if (error instanceof Declined) return { rows: [], done: true }
    throw error
  }
  return class extends Questions {
    constructor(session: unknown, region: string) {
      super(session, region)
      const { rows, partialRows } = this
      Object.assign(this, {
        rows: (...asked: unknown[]) => rows.apply(this, asked).catch(theEnd),
        partialRows: (...asked: unknown[]) => partialRows.apply(this, asked).catch(theEnd),
      })
    }
  }
}

type AnyClass = new (...options: unknown[]) => object

/** Never asks the origin's log whether what is held is true. */
function trusting(LinkState: AnyClass): AnyClass {
  return class extends LinkState {
    get isDoubtful(): boolean {
      return false
    }
  }
}

/** Lets a store that is not to speak for its region publish all the same. */
function publishing(Claims: AnyClass): AnyClass {
  return class extends Claims {
    get hasFound(): boolean {
      return false
    }
  }
}

/** Takes every place that a peer claims in this region's log for one that the log has led to. */
function believing(Claims: AnyClass): AnyClass {
  return class extends Claims {
    constructor(...options: unknown[]) {
      super(...options)
      Object.assign(this, {
        holds: () => true,
        holdsOnStream: () => true,
        examine: () => Promise.resolve(),
      })
    }
  }
}

/** Takes the end of every message for one that the origin's log has. */
function taking(Vouching: AnyClass): AnyClass {
  return class extends Vouching {
    constructor(...options: unknown[]) {
      super(...options)
      Object.assign(this, { isPlausible: () => true })
    }
  }
}

type HearingClass = new (...options: unknown[]) => {
  readonly watermark: { promise(promised: object): void }
  take(said: { readonly flushed: number; readonly clock: ClockState }, isFollowed: boolean): void
}

function credulous(PeerState: HearingClass): HearingClass {
  return class extends PeerState {
    override take(said: { readonly flushed: number; readonly clock: ClockState }, isFollowed: boolean): void {
      super.take(said, isFollowed)
      if (isFollowed) this.watermark.promise({ position: said.flushed, clock: said.clock, seen: undefined })
    }
  }
}

type PausedPositionsClass = new (deps: { pauses: { ofTable: (table: string) => number } }) => object

/** Changes of paused tables are left out, and nobody notes that they were. */
function withoutPlaces(PausedPositions: PausedPositionsClass): PausedPositionsClass {
  return class extends PausedPositions {
    constructor(deps: { pauses: { ofTable: (table: string) => number } }) {
      super(deps)
      Object.assign(this, {
        without: (batch: RemoteBatch) => {
          const changes = batch.changes.filter(({ kind, table }) => kind !== 'item' || deps.pauses.ofTable(table) === 0)
          return Promise.resolve({ ...batch, changes })
        },
      })
    }
  }
}

function parsedOr(body: Buffer, otherwise: unknown): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return otherwise
  }
}

/** Its `get` knows only the store. */
function withoutOverlay(Groups: GroupsClass): GroupsClass {
  return class extends Groups {
    constructor(options: { store: { get: (key: Buffer) => unknown } }) {
      super(options)
      Object.assign(this, { get: (key: Buffer) => options.store.get(key) })
    }
  }
}

afterEach(() => {
  restoreReplaced()
  vi.resetModules()
})

describe('the simulator finds that', () => {
  for (const { bug, breaks, seedsMax, knownSeed, world = 1, only, refusals, inject } of bugs)
    it(bug, { timeout: 300_000 }, async () => {
      vi.resetModules()
      replace(`${core}/assert.ts`, () => ({ assert: () => undefined }))
      const variant = inject()
      const { runSeed } = await import('./run.ts')
      const run = (seed: number) =>
        runSeed({ seed, world, only, variant, ...(refusals === undefined ? {} : { refusals }) })
      await expectFound({ bug, breaks, knownSeed, seedsMax, run })
    })
})
