/** Gives one follower the entries that its member's copy of a stream has, one after the other. */
import type { QuorumEntry, QuorumStream } from '../../../ports/quorum.ts'
import type { QuorumCopy } from './memory-quorum-copy.ts'

type Follow = Parameters<QuorumStream['follow']>

export type FollowerOptions = {
  /** Undefined while the server is down. */
  readonly copy: () => QuorumCopy | undefined
  /** The way from the server; nothing arrives any more when the process has died. */
  readonly hop: (work: () => void) => void
  readonly listeners: Set<() => void>
  readonly after: Follow[0]
  readonly take: Follow[1]
  readonly onGap: (first: number) => void
}

export class MemoryFollower {
  readonly #options: FollowerOptions
  readonly #wake = (): void => this.#look()
  #given: number
  #isAsked = false
  #isStopped = false
  #taking: Promise<void> | undefined

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#given = options.after
    options.listeners.add(this.#wake)
    this.#look()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#options.listeners.delete(this.#wake)
    await this.#taking
  }

  /** Asks for what is there, unless that is under way. */
  #look(): void {
    const copy = this.#options.copy()
    if (this.#isAsked || this.#isStopped || copy === undefined) return
    if (copy.first <= this.#given + 1 && copy.at(this.#given + 1) === undefined) return
    this.#isAsked = true
    this.#options.hop(() => {
      this.#taking = this.#takeAll().finally(() => {
        this.#taking = undefined
        this.#isAsked = false
        this.#look()
      })
    })
  }

  async #takeAll(): Promise<void> {
    for (let copy = this.#options.copy(); !this.#isStopped && copy !== undefined; copy = this.#options.copy()) {
      if (copy.first > this.#given + 1) return this.#missing(copy.first)
      const placed = copy.at(this.#given + 1)
      if (placed === undefined) return
      this.#given += 1
      const { id, atMs, bytes } = placed
      const entry: QuorumEntry = { sequence: this.#given, atMs, id, bytes: Buffer.from(bytes) }
      await this.#options.take(entry)
    }
  }

  #missing(first: number): void {
    this.#isStopped = true
    this.#options.listeners.delete(this.#wake)
    this.#options.onGap(first)
  }
}
