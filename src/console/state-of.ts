/** Puts together what the regions and the links' control say, as the pages get it. Nothing is made up: what is not known is absent. */
import type { NodeAnswer } from '../deployment/status/nodes-status.ts'
import type { RegionEntry } from '../deployment/regions.ts'
import type { RegionsStatus } from '../deployment/status/regions-status.ts'
import type { Answer, LinkStatus, NodeStatus } from '../deployment/status/status-shapes.ts'
import type { LinkView } from '../links/control/links-client.ts'
import type { CarriedLink, Direction, RegionView, State } from './model/console-state.ts'

export type Carried =
  | {
      readonly views: readonly LinkView[]
      readonly atMs: number
      /** The look before, for the rates. */
      readonly before: { readonly atMs: number; readonly views: readonly LinkView[] } | undefined
    }
  | { readonly problem: string }

type Seen = {
  readonly atMs: number
  readonly status: RegionsStatus
  readonly carried: Carried
  readonly place: (region: string) => RegionEntry | undefined
  readonly published: Readonly<Record<string, string>>
  readonly conflicts: (region: string) => number
}

export function stateOf({ atMs, status, carried, place, published, conflicts }: Seen): State {
  const shown = status.regions.map((answer) => ({ ...answer, endpoint: published[answer.region] ?? answer.endpoint }))
  const links = linksBy(carried)
  return {
    atMs,
    regions: shown.map((answer) => regionOf(answer, place(answer.region), conflicts(answer.region))),
    directions: status.links.map((each) => directionOf(each, status, links.get(`${each.from}>${each.to}`))),
    ...('problem' in carried ? { linksProblem: carried.problem } : {}),
  }
}

function regionOf(answer: Answer, place: RegionEntry | undefined, conflicts: number): RegionView {
  const { region, endpoint, health, problem, status, nodes = [] } = answer
  const { latitude, longitude } = place ?? {}
  return {
    name: region,
    city: place?.city ?? region,
    ...(latitude === undefined || longitude === undefined ? {} : { latitude, longitude }),
    endpoint,
    health,
    ...(problem === undefined ? {} : { problem }),
    ...(status === undefined ? {} : { tables: status.tables, safeToEvacuate: isSafe(status) }),
    conflicts,
    notices: [...nodes.flatMap(nodeNotice), ...(status === undefined ? [] : noticesOf(status))],
    caches: (status?.caches ?? []).map(({ endpoint: at, mode, silentMs }) => ({ endpoint: at, mode, silentMs })),
  }
}

/** Of a region of several nodes: those that do not take part as they should. */
function nodeNotice({ node, health, problem = '' }: NodeAnswer): readonly string[] {
  return health === 'ready' ? [] : [`node ${node} is ${health}${problem === '' ? '' : `: ${problem}`}`]
}

const isSafe = ({ peers }: NodeStatus): boolean => peers.every(({ safeToEvacuate }) => safeToEvacuate)

function noticesOf({ publishing, stream, trouble, damage, setAside, overruled, found, doubts }: NodeStatus): string[] {
  return [
    ...(publishing ? [] : ['its own NATS server cannot be reached']),
    ...(stream === undefined ? [] : [`${stream.reason}; ${stream.advice}`]),
    ...(trouble === undefined ? [] : [trouble.reason]),
    ...(damage === undefined ? [] : [`damage: ${damage.reason}`]),
    ...(found === undefined ? [] : [`${found.found}: ${found.reason}`]),
    ...(doubts.length === 0 ? [] : [`filled again from peers: ${doubts.slice(0, 5).join(', ')}`]),
    ...((setAside?.count ?? 0) === 0 ? [] : [`${setAside?.count} changes of peers were refused`]),
    ...((overruled?.count ?? 0) === 0 ? [] : [`${overruled?.count} settings were overruled`]),
  ]
}

function directionOf(each: LinkStatus, { regions }: RegionsStatus, link: CarriedLink | undefined): Direction {
  const { from, to, state, received, pending, lagMs, safeToEvacuate, pausedUntilMs, held, reason } = each
  const receiver = regions.find(({ region }) => region === to)?.status
  const { line, watermark } = receiver?.peers.find(({ peer }) => peer === from) ?? {}
  const observedMs = line?.roundTripMs
  return {
    from,
    to,
    state,
    received,
    ...(pending === undefined ? {} : { pending }),
    ...(lagMs === undefined ? {} : { lagMs }),
    ...(safeToEvacuate === undefined ? {} : { safeToEvacuate }),
    ...(pausedUntilMs === undefined ? {} : { pausedUntilMs }),
    ...(held === undefined || held === 0 ? {} : { held }),
    ...(reason === undefined ? {} : { reason }),
    // A watermark of 0 says that nothing is known yet.
    ...(watermark === undefined || watermark.wallMs === 0 ? {} : { watermarkMs: watermark.wallMs }),
    ...(observedMs === undefined ? {} : { observedMs }),
    ...(link === undefined ? {} : { link }),
  }
}

function linksBy(carried: Carried): ReadonlyMap<string, CarriedLink> {
  if ('problem' in carried) return new Map()
  const { views, before, atMs } = carried
  const earlier = new Map(before?.views.map((view) => [`${view.from}>${view.to}`, view.carriedBytes]))
  const seconds = before === undefined ? 0 : (atMs - before.atMs) / 1000
  return new Map(
    views.map((view) => {
      const name = `${view.from}>${view.to}`
      const bytes = view.carriedBytes - (earlier.get(name) ?? view.carriedBytes)
      // A links process that was started again counts from 0.
      return [name, linkOf(view, seconds > 0 && bytes > 0 ? bytes / seconds : 0)]
    }),
  )
}

function linkOf(view: LinkView, bytesPerSecond: number): CarriedLink {
  const { roundTripMs, jitterMs, bandwidthBitsPerSecond, stall, state, configured, faults } = view
  return {
    roundTripMs,
    jitterMs,
    bandwidthBitsPerSecond,
    stall,
    state,
    configuredMs: configured.roundTripMs,
    faults: faults.map(({ id, owner, what, startedAt, endsAt }) => ({ id, owner, what, startedAt, endsAt })),
    bytesPerSecond: Math.round(bytesPerSecond),
  }
}
