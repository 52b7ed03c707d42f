/**
 * A cache's line without a network, for the simulator and for tests: it keeps the order of what the region says, as NATS does,
 * and it can be cut in both ways, be slow, or lose what is said.
 */
import type { CacheLine, CacheSession } from '../../ports/cache-line.ts'
import type { MemoryNetwork } from './memory-bus.ts'
import type { LinkState } from './memory-link.ts'

export class MemoryCacheLine implements CacheLine {
  delayMs = 0.2
  /** Of an invalidation. */
  loseChance = 0
  readonly #network: MemoryNetwork
  readonly #region: string
  readonly #sessions = new Set<MemoryCacheSession>()
  #state: LinkState = 'up'

  constructor(network: MemoryNetwork, region: string) {
    this.#network = network
    this.#region = region
  }

  get state(): LinkState {
    return this.#state
  }

  /** A black hole holds what is under way; the heal delivers it, if there is still somebody who waits. */
  set state(state: LinkState) {
    this.#state = state
    if (state === 'reset') for (const session of this.#sessions) session.end('connection reset')
    if (state === 'up') for (const session of this.#sessions) session.deliver()
  }

  async connect(onInvalidation: (payload: Buffer) => void): Promise<CacheSession> {
    await this.#network.clock.sleep(this.delayMs)
    if (this.#state === 'black-hole') await this.#network.clock.sleep(this.#network.settings.connectTimeoutMs)
    const server = this.#network.server(this.#region)
    if (this.#state !== 'up' || !server.up) throw new Error('the nats-server is away')
    const session = new MemoryCacheSession({
      isHeld: () => this.#state === 'black-hole',
      isLost: () => this.loseChance > 0 && this.#network.random.fraction() < this.loseChance,
      after: (work) => void this.#network.clock.after(this.delayMs, work),
      withTimeout: (ms, work) => this.#network.clock.after(ms, work),
      ask: (payload, answer) => this.#network.node(this.#region)?.answerCache(payload, answer),
      ended: (ending) => {
        this.#sessions.delete(ending)
        server.caches.delete(ending)
      },
      onInvalidation,
    })
    this.#sessions.add(session)
    server.caches.add(session)
    return session
  }
}

type SessionOptions = {
  readonly isHeld: () => boolean
  readonly isLost: () => boolean
  readonly after: (work: () => void) => void
  readonly withTimeout: (ms: number, work: () => void) => () => void
  readonly ask: (payload: Buffer, answer: (payload: Buffer) => void) => void
  readonly ended: (session: MemoryCacheSession) => void
  readonly onInvalidation: (payload: Buffer) => void
}

class MemoryCacheSession implements CacheSession {
  readonly closed: Promise<string>
  readonly #options: SessionOptions
  /** Both ways, in order. */
  readonly #underWay: (() => void)[] = []
  readonly #back: (() => void)[] = []
  #end: (reason: string) => void = () => undefined
  #ended = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.closed = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  hear(payload: Buffer): void {
    if (!this.#options.isLost()) this.#send(this.#back, () => this.#options.onInvalidation(payload))
  }

  ask(payload: Buffer, timeoutMs: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(new Error('the session has ended'))
      const cancel = this.#options.withTimeout(timeoutMs, () => reject(new Error('timeout')))
      this.#send(this.#underWay, () =>
        this.#options.ask(payload, (answer) =>
          this.#send(this.#back, () => {
            cancel()
            resolve(answer)
          }),
        ),
      )
    })
  }

  deliver(): void {
    for (const queue of [this.#underWay, this.#back])
      for (let left = queue.length; left > 0; left--) this.#options.after(() => this.#take(queue))
  }

  end(reason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#underWay.length = 0
    this.#back.length = 0
    this.#options.ended(this)
    this.#end(reason)
  }

  close(): Promise<void> {
    this.end('closed here')
    return Promise.resolve()
  }

  #send(queue: (() => void)[], work: () => void): void {
    if (this.#ended) return
    queue.push(work)
    this.#options.after(() => this.#take(queue))
  }

  #take(queue: (() => void)[]): void {
    if (!this.#options.isHeld()) queue.shift()?.()
  }
}
