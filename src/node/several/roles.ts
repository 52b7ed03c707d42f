/**
 * What follows from a node's role: whether it runs the region, and where requests go. One change after another; requests are sent elsewhere, or answered as
 * lost, in the turn in which a role is told.
 */
import { regionStopMsMax } from '../../core/limits/node-line-limits.ts'
import { errorText } from '../../core/error-text.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { StoreLost } from '../../ports/store.ts'
import type { NodeLog } from '../../region/nodes/node-log.ts'
import type { NodeRole } from '../../region/nodes/node-role.ts'
import type { LeaderRoute } from './front/leader-route.ts'
import type { NodeLine } from './line/node-line.ts'
import { roleText } from './node-words.ts'
import { OwnLead } from './own-lead.ts'
import type { TermRegion } from './term-region.ts'

export type RolesOptions = {
  readonly nodeLog: NodeLog
  readonly route: LeaderRoute
  readonly clock: Clock
  readonly log: Log
  readonly open: (term: number) => Promise<TermRegion>
  /** A line to another node; undefined for one that is not known. */
  readonly lineTo: (node: string) => NodeLine | undefined
  /** What is told to other nodes has changed. */
  readonly onChange: () => void
  /** The region of a term that is over. */
  readonly onStopped: () => void
  /** The region could not be started, or does not stop: the process is to end. */
  readonly onStuck: (error: Error) => void
}

type Running = { readonly term: number; readonly region: TermRegion; readonly lead: OwnLead }
type Line = { readonly node: string; readonly line: NodeLine }

export class Roles {
  readonly #options: RolesOptions
  #running: Running | undefined
  /** The last term in which no region could be started. */
  #failed: number | undefined
  #line: Line | undefined
  #changing: Promise<void> | undefined
  #isStopped = false
  #unlisten: () => void = () => undefined

  constructor(options: RolesOptions) {
    this.#options = options
  }

  start(): void {
    this.#unlisten = this.#options.nodeLog.onRole((role) => this.#take(role))
    this.#take(this.#options.nodeLog.role())
  }

  /** Takes requests now. */
  get ownLead(): OwnLead | undefined {
    return this.#running?.lead.isOpen === true ? this.#running.lead : undefined
  }

  get region(): TermRegion | undefined {
    return this.ownLead === undefined ? undefined : this.#running?.region
  }

  /** The region is stopped in order, and requests find no leader here any more. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#unlisten()
    this.#leave()
    this.#options.route.lead(undefined)
    await this.#changing
    await this.#close()
  }

  #take(role: NodeRole): void {
    const { log, route, lineTo } = this.#options
    if (this.#isStopped) return
    log.debug('the role of this node', { role: roleText(role) })
    const leader = role.role === 'following' ? role.leader?.node : undefined
    if (this.#line?.node !== leader) this.#leave()
    if (this.#running !== undefined && !isOf(this.#running, role)) {
      this.#running.lead.end()
      route.lead(undefined)
    }
    if (leader !== undefined && this.#line === undefined) {
      const line = lineTo(leader)
      this.#line = line && { node: leader, line }
      route.lead(line)
    }
    this.#options.onChange()
    this.#changing ??= this.#change().finally(() => (this.#changing = undefined))
  }

  #leave(): void {
    if (this.#line === undefined) return
    this.#options.route.lead(undefined)
    this.#line.line.end()
    this.#line = undefined
  }

  /** Until what runs is what the role asks for. */
  async #change(): Promise<void> {
    while (!this.#isStopped) {
      const role = this.#options.nodeLog.role()
      if (this.#running !== undefined && !isOf(this.#running, role)) await this.#close()
      else if (this.#running === undefined && role.role === 'leading' && role.term !== this.#failed)
        await this.#open(role.term)
      else return
    }
  }

  async #open(term: number): Promise<void> {
    const { open, nodeLog, route, log, clock, onStuck } = this.#options
    const startedMs = clock.monotonicMs()
    try {
      const region = await open(term)
      const lead = new OwnLead(region.server)
      this.#running = { term, region, lead }
      if (!isOf(this.#running, nodeLog.role()) || this.#isStopped) return lead.end()
      nodeLog.ready()
      log.info('this node runs the region', { term, startedInMs: Math.round(clock.monotonicMs() - startedMs) })
      route.lead(lead)
      this.#options.onChange()
    } catch (error) {
      this.#failed = term
      if (isLost(error) || !isOf({ term }, nodeLog.role())) {
        log.info('the term was over before the region ran', { term, error: errorText(error) })
        return
      }
      onStuck(error instanceof Error ? error : new Error(String(error)))
      await nodeLog.resign()
    }
  }

  async #close(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    const { clock, log, onStopped, onStuck } = this.#options
    running.lead.end()
    const cancel = clock.after(regionStopMsMax, () =>
      onStuck(new Error('the region of a term that is over does not stop')),
    )
    try {
      await running.region.stop()
    } catch (error) {
      // What it would have written last is not its to write any more.
      log.debug('the region has ended with an error', { term: running.term, error: errorText(error) })
    } finally {
      cancel()
      this.#running = undefined
      onStopped()
      log.info('this node does not run the region any more', { term: running.term })
    }
  }
}

const isOf = ({ term }: { readonly term: number }, role: NodeRole): boolean =>
  role.role === 'leading' && role.term === term

function isLost(error: unknown): boolean {
  return error instanceof StoreLost || (error instanceof Error && error.cause instanceof StoreLost)
}
