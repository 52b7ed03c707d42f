/**
 * Tells the caches beside this region what changes: every position of the log, whoever wrote it (this region's clients, its
 * peers, operations on tables), in order and without holes, as keys and without values. Nothing is kept for a cache that
 * was away, and nothing is done at all while no cache has asked for a while: a region without caches pays nothing.
 *
 * A cache asks again and again how far it should be. The answer waits until everything flushed by then has been told and
 * travels behind it, so that it proves to the cache that it knew, as of its question, all that the region knew.
 */
import type { CacheReport, Deciding } from '../../core/change/cache-talk.ts'
import { decodeReport, encodePlace } from '../../core/change/cache-talk.ts'
import type { Change, Position } from '../../core/change/change.ts'
import { encodeInvalidation } from '../../core/change/invalidation.ts'
import { cacheInterestMs, cachesMax, logReadBytesMax, logReadChangesMax } from '../../core/limits/limits.ts'
import { DamagedRecord } from '../../engine/store/damaged-record.ts'
import type { RegionLog } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'

export type HeardCache = CacheReport & { /** Since its last question. */ readonly silentMs: number }

export interface Invalidator extends Service {
  /** Those that have asked lately. */
  caches(): readonly HeardCache[]
  /** What caches are told of how the region decides over requests. */
  decides(how: Deciding): void
}

export function invalidator(env: Pick<Env, 'bus' | 'clock' | 'log'>, engine: RegionLog): Invalidator {
  const teller = new Teller(env, engine)
  let unsubscribe = (): void => undefined
  return {
    caches: () => teller.caches(),
    decides: (how) => void (teller.how = how),
    start: () => {
      env.bus.caches.serve((payload) => teller.answer(payload))
      unsubscribe = engine.onFlushed(() => teller.tell())
    },
    stop: () => {
      unsubscribe()
      teller.stop()
    },
  }
}

type Waiting = { readonly upTo: Position; readonly resolve: (payload: Buffer | undefined) => void }

class Teller {
  how: Deciding = 'open'
  readonly #env: Pick<Env, 'bus' | 'clock' | 'log'>
  readonly #engine: RegionLog
  readonly #heard = new Map<string, { readonly report: CacheReport; readonly atMs: number }>()
  /** Everything up to it has been told; undefined while nobody listens. */
  #told: Position | undefined
  #waiting: Waiting[] = []
  #telling = false
  #stopped = false

  constructor(env: Pick<Env, 'bus' | 'clock' | 'log'>, engine: RegionLog) {
    this.#env = env
    this.#engine = engine
  }

  /** What is told from now on is complete: a cache that stood elsewhere sees the hole. */
  async answer(payload: Buffer): Promise<Buffer | undefined> {
    if (this.#stopped) return undefined
    this.#hear(decodeReport(payload))
    this.#told ??= this.#engine.flushed()
    const upTo = this.#engine.flushed()
    if (this.#told >= upTo) return this.#place()
    const answer = new Promise<Buffer | undefined>((resolve) => this.#waiting.push({ upTo, resolve }))
    this.tell()
    return answer
  }

  caches(): readonly HeardCache[] {
    const nowMs = this.#env.clock.monotonicMs()
    return [...this.#heard.values()].map(({ report, atMs }) => ({ ...report, silentMs: Math.round(nowMs - atMs) }))
  }

  tell(): void {
    if (this.#told === undefined || this.#telling || this.#stopped) return
    if (this.#forgetSilent()) this.#rest()
    else this.#step()
  }

  stop(): void {
    this.#stopped = true
    this.#rest()
  }

  #rest(): void {
    this.#told = undefined
    for (const { resolve } of this.#waiting) resolve(undefined)
    this.#waiting = []
  }

  /** One message; what is left waits for the next turn, so that a backlog does not keep requests waiting. */
  #step(): void {
    const after = this.#told
    if (after === undefined) return
    const flushed = this.#engine.flushed()
    if (this.#engine.oldest() > after + 1) this.#told = flushed
    else if (after < flushed && !this.#send(after)) this.#told = flushed
    this.#answerWaiting()
    if ((this.#told ?? flushed) >= flushed) return
    this.#telling = true
    this.#env.clock.after(0, () => {
      this.#telling = false
      if (!this.#stopped) this.#step()
    })
  }

  /** Returns false where the log cannot be read on: its store is about to be replaced, and caches see a gap until then. */
  #send(after: Position): boolean {
    const changes = this.#changesAfter(after)
    const upTo = changes?.at(-1)?.position
    if (changes === undefined || upTo === undefined) return false
    const payload = encodeInvalidation({ epoch: this.#engine.epoch, after, upTo, changes: changes.map(invalidated) })
    this.#env.bus.caches.invalidate(payload)
    this.#told = upTo
    return true
  }

  #changesAfter(after: Position): readonly Change[] | undefined {
    try {
      return this.#engine.readLog(after, logReadChangesMax, logReadBytesMax)
    } catch (error) {
      if (error instanceof DamagedRecord) return undefined
      throw error
    }
  }

  #answerWaiting(): void {
    const told = this.#told ?? 0
    const done = this.#waiting.filter(({ upTo }) => upTo <= told)
    this.#waiting = this.#waiting.filter(({ upTo }) => upTo > told)
    for (const { resolve } of done) resolve(this.#place())
  }

  #place(): Buffer {
    return encodePlace({ epoch: this.#engine.epoch, position: this.#told ?? 0, how: this.how })
  }

  #hear(report: CacheReport): void {
    if (!this.#heard.has(report.id)) {
      if (this.#heard.size >= cachesMax) throw new RangeError('more caches than a region serves')
      this.#env.log.info('a cache follows', { cache: report.endpoint, mode: report.mode })
    }
    this.#heard.set(report.id, { report, atMs: this.#env.clock.monotonicMs() })
  }

  /** Whether nobody is left. */
  #forgetSilent(): boolean {
    const beforeMs = this.#env.clock.monotonicMs() - cacheInterestMs
    for (const [id, { atMs }] of this.#heard) if (atMs < beforeMs) this.#heard.delete(id)
    return this.#heard.size === 0
  }
}

function invalidated({ position, table, key, cause }: Change): {
  position: Position
  table: string
  key: Buffer | undefined
} {
  const isItem = cause !== 'table' && cause !== 'replica-table'
  return { position, table, key: isItem ? key : undefined }
}
