/** Whether what a drill waits for, or expects, is so; a sentence about what is not so yet. */
import type { Cast } from '../definition/cast.ts'
import type { Condition } from '../definition/definition.ts'
import type { Operation, PairSample } from '../definition/drill-record.ts'
import { nowMs } from './time.ts'
import type { Watch } from './load/watch.ts'

export type Scene = {
  readonly cast: Cast
  readonly watch: Watch
  readonly operations: readonly Operation[]
  /** What was seen before does not count. */
  readonly sinceMs: number
  readonly equal: () => Promise<string | undefined>
}

const servedMs = 1500
/** While clients write, something is always on its way: caught up is who lacks nothing older. */
const caughtUpMsMax = 2000

/** Undefined when all of it is so. */
export async function lacking(condition: Condition, scene: Scene): Promise<string | undefined> {
  const { cast } = scene
  const { pending, lag, held } = condition
  const checks: readonly (() => string | undefined)[] = [
    ...cast.places(condition.ready ?? []).map((region) => () => stateLacking(scene, region, true)),
    ...cast.places(condition.down ?? []).map((region) => () => stateLacking(scene, region, false)),
    ...cast.places(condition.served ?? []).map((region) => () => servedLacking(scene, region)),
    ...cast.places(condition.refused ?? []).map((region) => () => refusedLacking(scene, region)),
    ...cast.places(condition.read ?? []).map((region) => () => readLacking(scene, region)),
    ...cast.places(condition['safe to evacuate'] ?? []).map((region) => () => {
      return everyPeer(scene, region, ({ safeToEvacuate }) => safeToEvacuate, 'lacks something of')
    }),
    ...cast.places(condition['caught up'] ?? []).map((region) => () => {
      return everyPeer(scene, region, ({ lagMs }) => lagMs < caughtUpMsMax, 'has not caught up with')
    }),
    ...(pending === undefined ? [] : [() => bound(scene, pending, ({ pending: is }) => is, 'changes are pending')]),
    ...(lag === undefined ? [] : [() => bound(scene, lag, ({ lagMs }) => lagMs, 'ms is the lag')]),
    ...(held === undefined
      ? []
      : [
          () =>
            bound(scene, { from: held.in, to: held.from, above: held.above }, (peer) => peer.held, 'changes are held'),
        ]),
  ]
  for (const check of checks) {
    const missing = check()
    if (missing !== undefined) return missing
  }
  return condition.converged === true ? await scene.equal() : undefined
}

function stateLacking({ watch, sinceMs }: Scene, region: string, ready: boolean): string | undefined {
  const latest = watch.latest(region)
  if (latest === undefined || latest.atMs < sinceMs) return `${region} has not been looked at yet`
  if ((latest.state === 'ready') === ready) return undefined
  return `${region} is ${latest.state}`
}

/** Every client of the region has had an answer lately, and at once. */
function servedLacking({ operations, sinceMs }: Scene, region: string): string | undefined {
  const fromMs = Math.max(sinceMs, nowMs() - servedMs)
  const clients = new Set(operations.filter(({ home }) => home === region).map(({ client }) => client))
  if (clients.size === 0) return `nobody has asked anything in ${region} yet`
  if (nowMs() - sinceMs < servedMs) return `it has not been seen for ${servedMs} ms yet`
  for (let n = operations.length - 1; n >= 0; n--) {
    const operation = operations[n]
    if (operation === undefined || operation.endMs < fromMs) break
    if (operation.home !== region) continue
    if (operation.fate !== 'acknowledged') return `${operation.client} is not served: ${operation.error}`
    clients.delete(operation.client)
  }
  // A writer that was told to pause is not waited for.
  return [...clients].some((client) =>
    operations.findLast((each) => each.client === client && each.endMs > sinceMs - servedMs),
  )
    ? `${[...clients].join(', ')} had no answer`
    : undefined
}

/** Every client there that writes, or reads strongly, has been refused since, and none of them answered. */
function refusedLacking(scene: Scene, region: string): string | undefined {
  const isOf = ({ kind, strong }: Operation): boolean => kind === 'write' || strong === true
  return eachClientLacking(scene, region, { isOf, wanted: false })
}

/** Every client there that reads eventually has been answered since, and none of them refused. */
function readLacking(scene: Scene, region: string): string | undefined {
  const isOf = ({ kind, strong }: Operation): boolean => kind === 'read' && strong !== true
  return eachClientLacking(scene, region, { isOf, wanted: true })
}

type Wanted = { readonly isOf: (operation: Operation) => boolean; readonly wanted: boolean }

/** Of what was asked since: what was asked before may have been decided before. */
function eachClientLacking(
  { operations, sinceMs }: Scene,
  region: string,
  { isOf, wanted }: Wanted,
): string | undefined {
  const own = operations.filter((each) => each.home === region && each.served === region && isOf(each))
  const since = own.filter(({ startMs }) => startMs >= sinceMs)
  const wrong = since.find(({ fate }) => (fate === 'acknowledged') !== wanted)
  if (wrong !== undefined) return `${wrong.client} is ${wanted ? `not answered: ${wrong.error}` : 'answered'}`
  const seen = new Set(since.map(({ client }) => client))
  const silent = new Set(own.map(({ client }) => client).filter((client) => !seen.has(client)))
  if (own.length === 0 || silent.size > 0) return `${[...silent].join(', ') || region} has asked nothing since`
  return undefined
}

function freshPeers({ watch, sinceMs }: Scene, region: string): readonly PairSample[] | string {
  const latest = watch.latest(region)
  if (latest?.peers === undefined || (latest.toldMs ?? 0) < sinceMs) return `${region} has not told where it stands`
  return latest.peers
}

function everyPeer(
  scene: Scene,
  region: string,
  holds: (peer: PairSample) => boolean,
  what: string,
): string | undefined {
  const peers = freshPeers(scene, region)
  if (typeof peers === 'string') return peers
  const others = peers.filter(({ peer }) => scene.cast.regions.includes(peer))
  if (others.length === 0) return `${region} knows nobody`
  const behind = others.find((peer) => !holds(peer))
  return behind === undefined ? undefined : `${behind.peer} ${what} ${region} (${behind.pending} pending)`
}

type Bounds = {
  readonly from: string
  readonly to: string
  readonly above?: number | undefined
  readonly below?: number | undefined
}

function bound(
  scene: Scene,
  { from, to, above, below }: Bounds,
  figure: (peer: PairSample) => number,
  what: string,
): string | undefined {
  const [source, target] = [scene.cast.place(from), scene.cast.place(to)]
  const peers = freshPeers(scene, source)
  if (typeof peers === 'string') return peers
  const found = peers.find(({ peer }) => peer === target)
  if (found === undefined) return `${source} does not know ${target}`
  const is = figure(found)
  if (above !== undefined && is <= above) return `${is} ${what} (${source}, ${target}); more than ${above} wanted`
  if (below !== undefined && is >= below) return `${is} ${what} (${source}, ${target}); less than ${below} wanted`
  return undefined
}
