/**
 * What a drill breaks of the regions that `longitude up` runs: processes killed, stopped or frozen, disks wiped, clocks
 * stepped. Every fault has an owner, a start and an end by itself; an owner that has promised to say that it lives (a
 * lease) and does not is gone, and all that it broke is mended, its faults on the links too.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../ports/log.ts'
import { Failure } from '../process/failure.ts'
import type { RegionPlan } from '../deployment/layout.ts'
import { quorumFolderName } from './quorum-process.ts'
import type { Fault, FaultRequest, Part } from './calls.ts'
import type { Supervised } from './supervised.ts'

export type FaultyRegion = {
  readonly plan: RegionPlan
  readonly node: Supervised
  readonly nats: Supervised
  /** The region's second NATS server, where one runs: what befalls one befalls both. */
  readonly quorum?: () => Supervised | undefined
}

export type FaultsOptions = {
  readonly regions: readonly FaultyRegion[]
  readonly log: Log
  /** Told when an owner's lease has run out. */
  readonly onAbandoned?: (owner: string) => void
}

export const clockFileName = 'clock.json'
const faultsMax = 256

export class Faults {
  readonly #options: FaultsOptions
  readonly #active = new Map<number, { readonly fault: Fault; readonly timer: NodeJS.Timeout }>()
  readonly #leases = new Map<string, NodeJS.Timeout>()
  #count = 0

  constructor(options: FaultsOptions) {
    this.#options = options
  }

  get active(): readonly Fault[] {
    return [...this.#active.values()].map(({ fault }) => fault)
  }

  get states(): readonly { readonly region: string; readonly node: string; readonly nats: string }[] {
    return this.#options.regions.map(({ plan, node, nats }) => ({
      region: plan.name,
      node: node.state,
      nats: nats.state,
    }))
  }

  /** Resolves when it is broken. */
  async break(request: FaultRequest): Promise<Fault> {
    if (this.#active.size >= faultsMax) throw new Failure(`${faultsMax} faults are in force already`)
    const region = this.#region(request.region)
    const processes = this.#processesOf(region, request.part)
    const startedMs = Date.now()
    const fault = { ...request, id: ++this.#count, startedMs, endsMs: startedMs + request.forMs }
    const timer = setTimeout(() => void this.#mend([fault.id]), request.forMs).unref()
    // Known before it is done: what fails half-way is mended too.
    this.#active.set(fault.id, { fault, timer })
    const { kind } = request
    this.#options.log.warn(`drill: ${kind} ${request.part} of ${request.region}`, { owner: request.owner })
    if (kind === 'kill') await holdAll(processes, 'SIGKILL')
    else if (kind === 'stop') await holdAll(processes, 'SIGTERM')
    else if (kind === 'freeze') for (const process of processes) process.freeze()
    else if (kind === 'clock') stepClock(region.plan, { offsetMs: request.offsetMs ?? 0, untilMs: fault.endsMs })
    else await wipe(region.plan, request.part, processes)
    return fault
  }

  /** Resolves when everything is as it was, or on its way there. Without an owner, everybody's. */
  async heal({
    owner,
    region,
    part,
  }: {
    owner?: string | undefined
    region?: string | undefined
    part?: Part | undefined
  }) {
    const of = this.active.filter(
      (fault) =>
        (owner === undefined || fault.owner === owner) &&
        (region === undefined || fault.region === region) &&
        (part === undefined || fault.part === part),
    )
    await this.#mend(of.map(({ id }) => id))
    return of
  }

  /** The owner lives; when it does not say so again within that time, all that it broke is mended. */
  lease(owner: string, forMs: number): void {
    clearTimeout(this.#leases.get(owner))
    this.#leases.delete(owner)
    if (forMs <= 0) return
    const timer = setTimeout(() => {
      this.#leases.delete(owner)
      this.#options.log.warn('a drill has ended without a word: what it broke is mended', { owner })
      void this.heal({ owner })
      this.#options.onAbandoned?.(owner)
    }, forMs)
    this.#leases.set(owner, timer.unref())
  }

  close(): void {
    for (const timer of this.#leases.values()) clearTimeout(timer)
    for (const { timer, fault } of this.#active.values()) {
      clearTimeout(timer)
      if (fault.kind === 'clock') stepClock(this.#region(fault.region).plan, undefined)
    }
    this.#leases.clear()
    this.#active.clear()
  }

  #region(name: string): FaultyRegion {
    const found = this.#options.regions.find(({ plan }) => plan.name === name)
    if (found === undefined) throw new Failure(`no region ${name} runs here`)
    return found
  }

  #processesOf(region: FaultyRegion, part: Part): readonly Supervised[] {
    const quorum = part === 'nats' ? region.quorum?.() : undefined
    return quorum === undefined ? [region[part]] : [region[part], quorum]
  }

  /** A process goes on when nothing holds it any more. */
  async #mend(ids: readonly number[]): Promise<void> {
    const mended = ids.flatMap((id) => {
      const entry = this.#active.get(id)
      if (entry === undefined) return []
      clearTimeout(entry.timer)
      this.#active.delete(id)
      return [entry.fault]
    })
    const processes = new Set<Supervised>()
    for (const { kind, region: name, part } of mended) {
      const region = this.#region(name)
      const left = this.active.filter((fault) => fault.region === name && fault.part === part)
      if (kind === 'clock') {
        if (!left.some((fault) => fault.kind === 'clock')) stepClock(region.plan, undefined)
      } else if (!left.some((fault) => fault.kind !== 'clock'))
        for (const process of this.#processesOf(region, part)) processes.add(process)
    }
    // A node waits for nothing of its NATS server, so all start at once.
    await Promise.all([...processes].map(async (process) => await process.release()))
  }
}

async function holdAll(processes: readonly Supervised[], signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  await Promise.all(processes.map(async (process) => await process.hold(signal)))
}

const foldersOf = { node: ['store'], nats: ['nats', quorumFolderName] } as const

async function wipe(plan: RegionPlan, part: Part, processes: readonly Supervised[]): Promise<void> {
  await holdAll(processes, 'SIGKILL')
  for (const name of foldersOf[part]) rmSync(join(plan.folder, name), { recursive: true, force: true })
}

/** The node looks at this file: nobody can step its clock over a network. */
function stepClock(plan: RegionPlan, step: { readonly offsetMs: number; readonly untilMs: number } | undefined): void {
  const path = join(plan.folder, clockFileName)
  if (step === undefined) rmSync(path, { force: true })
  else writeFileSync(path, JSON.stringify(step))
}
