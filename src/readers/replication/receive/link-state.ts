/**
 * How a peer is followed just now, and why not as usual. Each cell of the table says what an event makes of a state; the class does what the table
 * says. docs/design/replication.md shows the table.
 */
import { assert } from '../../../core/assert.ts'
import type { Stamp } from '../../../core/hybrid-logical-clock/stamp.ts'
import type { Region } from '../../../core/topology.ts'
import type { Env } from '../../../ports/env.ts'
import { LogGone } from './gap-repair.ts'

/** `resync`: the peer's state is to be fetched instead of its log. */
export const linkStates = ['normal', 'held', 'refused', 'resync'] as const

export const linkEvents = [
  'a batch is applied',
  'nothing is left to apply',
  'a batch is too far ahead',
  'the peer is refused',
  'the log does not go on',
  'the state is fetched',
  'the state is merged',
] as const

type State = (typeof linkStates)[number]
type Event = (typeof linkEvents)[number]

/** Each is logged once: when the state, or the reason for it, is new. */
type Action = 'none' | 'log the refusal' | 'log the loss' | 'log the hold'

export type LinkCell = { readonly state: State; readonly event: Event; readonly next: State; readonly action: Action }

const ends = ['a batch is applied', 'nothing is left to apply', 'the state is merged'] as const

/** Every event in every state. */
export const linkTable: readonly LinkCell[] = linkStates.flatMap((state): readonly LinkCell[] => [
  // A refusal ends when something of the peer can be applied again, or nothing is left that cannot.
  ...ends.map((event) => ({ state, event, next: 'normal', action: 'none' }) as const),
  { state, event: 'a batch is too far ahead', next: 'held', action: state === 'held' ? 'none' : 'log the hold' },
  { state, event: 'the peer is refused', next: 'refused', action: 'log the refusal' },
  { state, event: 'the log does not go on', next: 'resync', action: 'log the loss' },
  { state, event: 'the state is fetched', next: 'resync', action: 'none' },
])

const cells = new Map(linkTable.map((cell) => [`${cell.state}, ${cell.event}`, cell]))
const doubtMs = 5000

export class LinkState {
  #now: State = 'normal'
  /** Why the peer is refused, or its state is to be fetched. */
  reason: string | undefined
  /** When what is held was last compared with the origin's log, or was held first. */
  #trustedAtMs = 0
  readonly #env: Env
  readonly #peer: Region

  constructor(env: Env, peer: Region) {
    this.#env = env
    this.#peer = peer
  }

  get now(): State {
    return this.#now
  }

  accept(event: (typeof ends)[number]): void {
    this.#meet(event)
    this.reason = undefined
  }

  refuse(reason: string): void {
    if (this.#meet('the peer is refused') === 'log the refusal' && this.reason !== reason)
      this.#env.log.error('peer is refused', { peer: this.#peer.name, reason })
    this.reason = reason
  }

  /** Returns the error that ends the session. */
  gone(why: string): LogGone {
    if (this.#meet('the log does not go on') === 'log the loss')
      this.#env.log.warn('the peer’s log does not go on from here', { peer: this.#peer.name, why })
    this.reason = why
    return new LogGone(why)
  }

  fetch(): void {
    this.#meet('the state is fetched')
  }

  hold({ wallMs }: Stamp): void {
    const { log, clock } = this.#env
    if (this.#meet('a batch is too far ahead') !== 'log the hold') return
    const aheadMs = wallMs - clock.wallMs()
    log.error('changes are held: the peer’s clock is ahead', { peer: this.#peer.name, aheadMs })
    this.#trustedAtMs = clock.monotonicMs()
  }

  /** True every few seconds while changes are held: the message that brought them may not be what the origin's log says. */
  get isDoubtful(): boolean {
    const nowMs = this.#env.clock.monotonicMs()
    if (this.#now !== 'held' || nowMs - this.#trustedAtMs < doubtMs) return false
    this.#trustedAtMs = nowMs
    return true
  }

  #meet(event: Event): Action {
    const cell = cells.get(`${this.#now}, ${event}`)
    assert(cell !== undefined, 'link state: every event has a cell in every state')
    this.#now = cell.next
    return cell.action
  }
}
