/**
 * What a drill breaks of the regions that `longitude up` runs: processes killed, stopped or frozen, disks wiped, clocks
 * stepped. Every fault has an owner, a start and an end by itself; an owner that has promised to say that it lives (a
 * lease) and does not is gone, and all that it broke is mended, its faults on the links too.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../ports/log.ts'
import { Failure } from '../process/failure.ts'
import { type Member, type MemberPlan, memberName } from './children/members.ts'
import { quorumFolderName } from './nats/quorum-process.ts'
import type { Fault, FaultRequest, Part, RegionState } from './control/supervisor-calls.ts'
import type { Supervised } from './children/supervised.ts'

export type FaultsOptions = {
  /** All nodes of all regions; what befalls one NATS server of a node befalls its quorum server too. */
  readonly members: readonly Member[]
  /** Of a region of several nodes, its quorum server among those of the other regions: it is broken with the NATS servers of all nodes. */
  readonly quorumOf?: (region: string) => Supervised | undefined
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

  get states(): readonly RegionState[] {
    return this.#options.members.map(({ plan, node, nats }) => ({
      region: plan.name,
      ...(plan.of === undefined ? {} : { name: plan.of.node.name }),
      node: node.state,
      nats: nats.state,
    }))
  }

  /** Resolves when it is broken. */
  async break(request: FaultRequest): Promise<Fault> {
    if (this.#active.size >= faultsMax) throw new Failure(`${faultsMax} faults are in force already`)
    const members = this.#membersOf(request)
    const processes = [...processesOf(members, request.part), ...this.#ofRegion(request)]
    const startedMs = Date.now()
    const fault = { ...request, id: ++this.#count, startedMs, endsMs: startedMs + request.forMs }
    const timer = setTimeout(() => void this.#mend([fault.id]), request.forMs).unref()
    // Known before it is done: what fails half-way is mended too.
    this.#active.set(fault.id, { fault, timer })
    const { kind } = request
    const whose = request.node === undefined ? request.region : `${request.region}/${request.node}`
    this.#options.log.warn(`drill: ${kind} ${request.part} of ${whose}`, { owner: request.owner })
    if (kind === 'kill') await holdAll(processes, 'SIGKILL')
    else if (kind === 'stop') await holdAll(processes, 'SIGTERM')
    else if (kind === 'freeze') for (const process of processes) process.freeze()
    else if (kind === 'clock')
      for (const { plan } of members) stepClock(plan, { offsetMs: request.offsetMs ?? 0, untilMs: fault.endsMs })
    else await wipe(foldersIn(members, request), processes)
    return fault
  }

  /** Resolves when everything is as it was, or is becoming so. Without an owner, those of all owners. */
  async heal({
    owner,
    region,
    node,
    part,
  }: {
    owner?: string | undefined
    region?: string | undefined
    node?: string | undefined
    part?: Part | undefined
  }) {
    const of = this.active.filter(
      (fault) =>
        (owner === undefined || fault.owner === owner) &&
        (region === undefined || fault.region === region) &&
        (node === undefined || fault.node === node) &&
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
      if (fault.kind === 'clock') for (const { plan } of this.#membersOf(fault)) stepClock(plan, undefined)
    }
    this.#leases.clear()
    this.#active.clear()
  }

  /** Of a region of several nodes all, unless one is named. Throws a Failure where there is none. */
  #membersOf({ region, node }: Pick<Fault, 'region' | 'node'>): readonly Member[] {
    const own = this.#options.members.filter(({ plan }) => plan.name === region)
    if (own.length === 0) throw new Failure(`no region ${region} runs here`)
    const found = own.filter(({ plan }) => node === undefined || plan.of?.node.name === node)
    if (found.length > 0) return found
    throw new Failure(`${region} has no node ${node}; it has ${own.map(({ plan }) => memberName(plan)).join(', ')}`)
  }

  #ofRegion({ region, node, part }: Pick<Fault, 'region' | 'node' | 'part'>): readonly Supervised[] {
    return part === 'nats' && node === undefined ? [this.#options.quorumOf?.(region) ?? []].flat() : []
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
    const ofProcesses = this.active.filter(({ kind }) => kind !== 'clock')
    for (const fault of mended) {
      const held = new Set(ofProcesses.flatMap((other) => this.#ofRegion(other)))
      for (const process of this.#ofRegion(fault)) if (!held.has(process)) processes.add(process)
      for (const member of this.#membersOf(fault)) {
        const left = this.active.filter((other) => other.part === fault.part && this.#membersOf(other).includes(member))
        if (fault.kind === 'clock') {
          if (!left.some(({ kind }) => kind === 'clock')) stepClock(member.plan, undefined)
        } else if (!left.some(({ kind }) => kind !== 'clock'))
          for (const process of processesOf([member], fault.part)) processes.add(process)
      }
    }
    // A node waits for nothing of its NATS server, so all start at once.
    await Promise.all([...processes].map(async (process) => await process.release()))
  }
}

function processesOf(members: readonly Member[], part: Part): readonly Supervised[] {
  return members.flatMap((member) => {
    const quorum = part === 'nats' ? member.quorum() : undefined
    return quorum === undefined ? [member[part]] : [member[part], quorum]
  })
}

async function holdAll(processes: readonly Supervised[], signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  await Promise.all(processes.map(async (process) => await process.hold(signal)))
}

/** As src/node/store/ names them: the region's store, and those of the groups of regions that it is in. */
const foldersOf = { node: ['store', 'groups'], nats: ['nats', quorumFolderName] } as const

function foldersIn(members: readonly Member[], { part, node }: Pick<Fault, 'part' | 'node'>): readonly string[] {
  const own = members.flatMap(({ plan }) => foldersOf[part].map((name) => join(plan.folder, name)))
  if (part !== 'nats' || node !== undefined) return own
  return [...own, ...members.flatMap(({ plan }) => (plan.of ? join(plan.of.regionFolder, quorumFolderName) : []))]
}

async function wipe(folders: readonly string[], processes: readonly Supervised[]): Promise<void> {
  await holdAll(processes, 'SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}

/** The node looks at this file. A clock cannot be stepped over a network. */
function stepClock(plan: MemberPlan, step: { readonly offsetMs: number; readonly untilMs: number } | undefined): void {
  const path = join(plan.folder, clockFileName)
  if (step === undefined) rmSync(path, { force: true })
  else writeFileSync(path, JSON.stringify(step))
}
