/**
 * What the drill has broken and not yet mended. A region that comes back after it was lost is surveyed at the last moment
 * before: what the others hold then is all that would be left if it did not come back.
 */
import { unreachable } from '../../core/assert.ts'
import type { Cast, Direction } from '../definition/cast.ts'
import type { Action, PartName } from '../definition/definition.ts'
import type { FaultRecord, Survey } from '../definition/drill-record.ts'
import { type ApiFault, apisOf, clearFault, setFault } from './api-faults.ts'
import type { DrillTable } from './drill-table.ts'
import { nodeMeant } from './node-roles.ts'
import type { PartFault, Target } from './targets/target.ts'
import { nowMs } from './time.ts'
import type { Watch } from './load/watch.ts'

type Broken = { -readonly [Name in keyof FaultRecord]: FaultRecord[Name] }
type Open = {
  readonly record: Broken
  readonly parts: readonly BrokenPart[]
  /** Regions whose API is broken, and by the fault of which name. */
  readonly apis: readonly ApiFault[]
  /** Regions whose key of the drill's table is disabled. */
  readonly keys: readonly string[]
}
type BrokenPart = { readonly region: string; readonly node?: string; readonly part: 'node' | 'nats' }
export type Breaking = Extract<
  Action,
  { do: 'cut' | 'slow' | 'kill' | 'pause' | 'wipe' | 'restart' | 'clock' | 'lose key' | 'fault' }
>

export type BreakageOptions = {
  readonly target: Target
  readonly cast: Cast
  readonly watch: Watch
  readonly table: DrillTable
  /** Nothing stays broken for longer, whatever becomes of the drill. */
  readonly mostMs: () => number
}

export class Breakage {
  readonly surveys: Survey[] = []
  readonly #options: BreakageOptions
  readonly #all: Open[] = []

  constructor(options: BreakageOptions) {
    this.#options = options
  }

  get records(): readonly FaultRecord[] {
    return this.#all.map(({ record }) => record)
  }

  get active(): readonly FaultRecord[] {
    return this.records.filter(({ endedMs }) => endedMs === undefined)
  }

  /** Returns how to end what was broken. */
  async break(action: Breaking, { step, what }: { step: number; what: string }): Promise<() => Promise<void>> {
    const { cast, target } = this.#options
    const startedMs = nowMs()
    const node = await nodeMeantBy(action, this.#options)
    const parts = partsOf(action, cast).map((each): BrokenPart => (node === undefined ? each : { ...each, node }))
    const links = linksOf(action, cast)
    const apis = apisOf(action.do === 'fault' ? action.fault : undefined, cast, `drill-${startedMs}-${step}`)
    const keys = action.do === 'lose key' ? cast.places([action.region]) : []
    const open: Open = {
      record: {
        step,
        what,
        kind: action.do,
        ...('part' in action ? { part: action.part } : {}),
        ...(node === undefined ? {} : { node }),
        regions: [
          ...new Set([...keys, ...[...parts, ...apis].map(({ region }) => region), ...isolatedBy(action, links, cast)]),
        ],
        links,
        startedMs,
      },
      parts,
      apis,
      keys,
    }
    this.#all.push(open)
    const forMs = this.#options.mostMs()
    if (action.do === 'cut')
      await target.breakLinks({ links, state: action.cut.how === 'reset' ? 'reset' : 'down', forMs })
    else if (action.do === 'slow') await target.breakLinks({ ...shapeOf(action.slow), links, forMs })
    else if (action.do === 'lose key') await this.#switchKeys(keys, 'DisableKey')
    else if (action.do === 'fault') await Promise.all(apis.map((api) => setFault(target, api, action.fault, forMs)))
    else await Promise.all(parts.map(async (each) => await target.breakPart({ ...each, ...faultOf(action), forMs })))
    if (action.do === 'restart') await this.#mend([open])
    return async () => await this.#mend([open])
  }

  /** The drill's table is about to be deleted. */
  dropped(region: string, { step, what }: { step: number; what: string }): void {
    this.#all.push({
      record: { step, what, kind: 'drop', regions: [region], links: [], startedMs: nowMs() },
      parts: [],
      apis: [],
      keys: [],
    })
  }

  /** It is there again. */
  async undropped(): Promise<void> {
    await this.#mend(this.#all.filter(({ record }) => record.kind === 'drop'))
  }

  /** `all`, a region, or links. */
  async heal(what: readonly string[]): Promise<void> {
    const { cast } = this.#options
    const regions = what.filter((name) => !isLink(name))
    const named = new Set(cast.places(regions))
    const links = new Set(cast.links(what.filter(isLink)).map(nameOf))
    const all = what.includes('all') || what.includes('*')
    await this.#mend(
      this.#all.filter(
        ({ record, parts, apis, keys }) =>
          record.endedMs === undefined &&
          (all ||
            [...parts, ...apis].some(({ region }) => named.has(region)) ||
            keys.some((region) => named.has(region)) ||
            record.links.some((link) => links.has(nameOf(link)) || named.has(link.from) || named.has(link.to))),
      ),
    )
  }

  async healAll(): Promise<void> {
    await this.#mend(this.#all)
  }

  async #mend(which: readonly Open[]): Promise<void> {
    const { target } = this.#options
    const open = which.filter(({ record }) => record.endedMs === undefined)
    if (open.length === 0) return
    await this.#survey(open)
    const endedMs = nowMs()
    for (const { record } of open) record.endedMs = endedMs
    const links = open.flatMap(({ record }) => record.links)
    if (links.length > 0) await target.mendLinks(links)
    // What another fault still slows or cuts on the same links is ended too; their own records say so.
    for (const { record } of this.#all)
      if (
        record.endedMs === undefined &&
        record.links.some((link) => links.some((each) => nameOf(each) === nameOf(link)))
      )
        record.endedMs = endedMs
    await Promise.all(open.flatMap(({ apis }) => apis).map((api) => clearFault(target, api)))
    await this.#switchKeys(
      open.flatMap((each) => each.keys),
      'EnableKey',
    )
    const parts = open.flatMap((each) => each.parts)
    const distinct = [...new Map(parts.map((each) => [`${each.region} ${each.node} ${each.part}`, each])).values()]
    await Promise.all(distinct.map(async (each) => await target.mendParts(each)))
  }

  async #switchKeys(regions: readonly string[], to: 'EnableKey' | 'DisableKey'): Promise<void> {
    for (const region of new Set(regions)) await this.#options.table.switchKey(region, to)
  }

  async #survey(open: readonly Open[]): Promise<void> {
    const lost = new Map(
      open.flatMap(({ record }) => (isLoss(record) ? record.regions.map((name) => [name, record]) : [])),
    )
    for (const [region, record] of lost) {
      const losses = this.#all.filter((each) => each.record.endedMs === undefined && isLoss(each.record))
      const own = losses.filter((each) => each.record.regions.includes(region)).map((each) => each.record)
      // Cut off at first and then killed: it accepted writes until then.
      const first = own.find(({ kind }) => kind !== 'cut') ?? record
      this.surveys.push(await this.#surveyOf(region, first))
    }
  }

  async #surveyOf(region: string, record: FaultRecord): Promise<Survey> {
    const { cast, table, watch } = this.#options
    const atMs = nowMs()
    const holders: Record<string, readonly string[]> = {}
    for (const other of cast.regions) {
      if (other === region || watch.latest(other)?.state !== 'ready') continue
      const items = await table.scan(other).catch(() => undefined)
      if (items !== undefined) holders[other] = Object.keys(items)
    }
    // A region that is cut off goes on accepting writes: what counts is what it has when it might have been lost for good.
    const faultMs = record.kind === 'cut' ? atMs : record.startedMs
    const before = watch.samples.findLast(
      (sample) => sample.region === region && sample.atMs <= faultMs && sample.peers,
    )
    const pending = before?.peers?.map((peer) => peer.pending) ?? []
    return { region, faultMs, atMs, holders, ...(pending.length === 0 ? {} : { pendingBefore: Math.max(...pending) }) }
  }
}

function isLoss({ kind, part, node, regions }: FaultRecord): boolean {
  if (regions.length === 0 || node !== undefined) return false
  return kind === 'cut' || kind === 'wipe' || ((kind === 'kill' || kind === 'pause') && part === 'region')
}

async function nodeMeantBy(action: Breaking, { target, cast }: BreakageOptions): Promise<string | undefined> {
  if (!('node' in action) || action.node === undefined) return undefined
  return await nodeMeant(target, cast.place(action.region), action.node)
}

function partsOf(action: Breaking, cast: Cast): Open['parts'] {
  if (action.do === 'cut' || action.do === 'slow' || action.do === 'fault' || action.do === 'lose key') return []
  const part: PartName = action.do === 'clock' ? 'node' : action.part
  const parts = part === 'region' ? (['node', 'nats'] as const) : [part]
  return cast.places([action.region]).flatMap((region) => parts.map((each) => ({ region, part: each })))
}

function linksOf(action: Breaking, cast: Cast): readonly Direction[] {
  if (action.do === 'cut') return cast.links(action.cut.links)
  return action.do === 'slow' ? cast.links(action.slow.links) : []
}

/** Regions that nothing leaves any more. */
function isolatedBy(action: Breaking, links: readonly Direction[], { regions }: Cast): readonly string[] {
  if (action.do !== 'cut') return []
  return regions.filter((from) =>
    regions.every((to) => to === from || links.some((link) => link.from === from && link.to === to)),
  )
}

function faultOf(
  action: Exclude<Breaking, { do: 'cut' | 'slow' | 'fault' | 'lose key' }>,
): Pick<PartFault, 'kind' | 'offsetMs'> {
  switch (action.do) {
    case 'kill':
      return { kind: 'kill' }
    case 'pause':
      return { kind: 'freeze' }
    case 'wipe':
      return { kind: 'wipe' }
    case 'restart':
      return { kind: 'stop' }
    case 'clock':
      return { kind: 'clock', offsetMs: action.offset }
  }
  return unreachable(action)
}

function shapeOf({ rtt, jitter, bandwidth, stall }: Extract<Action, { do: 'slow' }>['slow']) {
  return {
    ...(rtt === undefined ? {} : { rtt: `${rtt}ms` }),
    ...(jitter === undefined ? {} : { jitter: `${jitter}ms` }),
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(stall === undefined ? {} : { stall }),
  }
}

function isLink(name: string): boolean {
  return /\.\.|>/.test(name)
}

function nameOf({ from, to }: Direction): string {
  return `${from}>${to}`
}
