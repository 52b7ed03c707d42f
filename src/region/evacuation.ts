/**
 * The region's part in an evacuation (docs/operating/evacuation.md): its fence, while its own clients write elsewhere, and the regions that it stands in for.
 * Both are notes in its store, so they hold after a restart. Who orders them, and when, is deployment/evacuate.ts.
 */
import type { Engine } from '../engine/engine.ts'
import { type Evacuated, evacuatedTo } from '../operations/evacuated.ts'
import type { Env } from '../ports/env.ts'

/** Clients' writes are refused since then. */
export type Fence = { readonly to: string; readonly owner: string; readonly sinceMs: number; readonly position: number }

/** This region serves requests that are signed for another. */
export type StandIn = { readonly region: string; readonly owner: string; readonly sinceMs: number }

const fenceNote = 'evacuation/fence'
const standInNote = 'evacuation/stands-in-for'

export class Evacuation implements Evacuated {
  readonly #engine: Engine
  readonly #env: Pick<Env, 'clock' | 'log'>
  #fence: Fence | undefined
  #standsInFor: readonly StandIn[]

  constructor(engine: Engine, env: Pick<Env, 'clock' | 'log'>) {
    this.#engine = engine
    this.#env = env
    this.#fence = engine.note(fenceNote) as Fence | undefined
    this.#standsInFor = (engine.note(standInNote) as readonly StandIn[] | undefined) ?? []
    if (this.#fence !== undefined) engine.lineage.fence(reasonOf(this.#fence))
  }

  get fence(): Fence | undefined {
    return this.#fence
  }

  get standsInFor(): readonly StandIn[] {
    return this.#standsInFor
  }

  /** Whether requests that are signed for the region are served here. */
  readonly has = (region: string): boolean => this.#standsInFor.some((each) => each.region === region)

  /** Refuses clients' writes from now on. Resolves when that, and every write that was accepted before, is durable. A fence to the same region stays. */
  async close(to: string, owner: string): Promise<Fence> {
    const known = this.#fence
    if (known?.to === to) return known
    const { clock, log } = this.#env
    const fence = { to, owner, sinceMs: clock.wallMs(), position: this.#engine.flushed() }
    this.#engine.lineage.fence(reasonOf(fence))
    try {
      // What was decided before is in this flush group or an earlier one.
      await this.#engine.setNote(fenceNote, fence)
    } catch (error) {
      this.#engine.lineage.fence(known && reasonOf(known))
      throw error
    }
    this.#fence = { ...fence, position: this.#engine.flushed() }
    log.warn('clients’ writes are refused: the region is evacuated', { to, owner })
    return this.#fence
  }

  /** Takes clients' writes again. */
  async open(): Promise<boolean> {
    if (this.#fence === undefined) return false
    await this.#engine.setNote(fenceNote, undefined)
    this.#fence = undefined
    this.#engine.lineage.fence(undefined)
    this.#env.log.warn('clients’ writes are taken again: the evacuation has ended')
    return true
  }

  /** Serves from now on what is signed for another region. */
  async standIn(region: string, owner: string): Promise<void> {
    if (this.has(region)) return
    await this.#stand([...this.#standsInFor, { region, owner, sinceMs: this.#env.clock.wallMs() }])
    this.#env.log.warn('this region stands in for another', { for: region, owner })
  }

  async stepBack(region: string): Promise<boolean> {
    if (!this.has(region)) return false
    await this.#stand(this.#standsInFor.filter((each) => each.region !== region))
    this.#env.log.warn('this region stands in for another no more', { for: region })
    return true
  }

  async #stand(all: readonly StandIn[]): Promise<void> {
    await this.#engine.setNote(standInNote, all.length === 0 ? undefined : all)
    this.#standsInFor = all
  }
}

const reasonOf = ({ to }: Pick<Fence, 'to'>): string => evacuatedTo(to)
