/** Asks every region of a deployment what it knows and puts it together: a region that is down is one answer of it. */
import { z } from 'zod'
import { exchange } from '../../process/requests/exchange.ts'
import { Failure, messageOf } from '../../process/failure.ts'
import { type Administered, askAdmin, Unanswered } from '../endpoints.ts'
import type { NodeEndpoints } from '../data-folder.ts'
import { type NodeAnswer, nodesStatusOf } from './nodes-status.ts'
import { type Answer, type LinkStatus, nodeStatus, type PeerStatus } from './status-shapes.ts'
import { type StrongGroupStatus, strongGroups } from './strong-groups.ts'

const answerMsMax = 3000

/** A region that can be asked. */
export type AskedRegion = {
  readonly region: string
  readonly endpoint: string
  readonly isReady: () => Promise<boolean>
  readonly status: () => Promise<unknown>
  /** Where it has several. */
  readonly nodes?: () => Promise<readonly NodeAnswer[]>
}

export type RegionsStatus = {
  readonly regions: readonly Answer[]
  readonly links: readonly LinkStatus[]
  /** Of tables with strong consistency between regions. */
  readonly groups: readonly StrongGroupStatus[]
}

export type AskingOptions = {
  /** Without the figures of each table, of which there may be thousands for each peer. */
  readonly briefly?: boolean
  /** Where nodes of regions are, by region. */
  readonly nodes?: NodeEndpoints
}

export function askedRegion(at: Administered, { briefly = false, nodes = {} }: AskingOptions = {}): AskedRegion {
  const [region, endpoint, token] = at
  const own = nodes[region]
  return {
    ...(own === undefined ? {} : { nodes: async () => await nodesStatusOf(own, token) }),
    region,
    endpoint,
    isReady: async () => (await exchange(`${endpoint}/ready`, { timeoutMs: answerMsMax })).status === 200,
    status: async () => await askAdmin(at, briefly ? 'status?tables=' : 'status'),
  }
}

export async function statusOf(asked: readonly AskedRegion[]): Promise<RegionsStatus> {
  const regions = await Promise.all(asked.map(ask))
  return { regions, links: linksOf(regions), groups: strongGroups(regions) }
}

/** A region that answers, but not to us, is no region that is down. */
function refusalOf(error: unknown): Failure {
  if (error instanceof Failure && !(error instanceof Unanswered)) return error
  throw error
}

async function ask(asked: AskedRegion): Promise<Answer> {
  const [answer, nodes] = await Promise.all([askRegion(asked), asked.nodes?.()])
  return nodes === undefined ? answer : { ...answer, nodes }
}

async function askRegion({ region, endpoint, isReady, status: told }: AskedRegion): Promise<Answer> {
  try {
    const [ready, status] = await Promise.all([isReady(), told().catch(refusalOf)])
    const health = ready ? 'ready' : 'not ready'
    if (status instanceof Failure) return { region, endpoint, health, problem: status.message }
    return { region, endpoint, health, status: nodeStatus.parse(status) }
  } catch (error) {
    const problem = error instanceof z.ZodError ? 'not a Longitude node' : messageOf(error)
    return { region, endpoint, health: 'down', problem }
  }
}

/** Of the regions that were asked, and between them and the peers that only they know, as in a container of one region. */
function linksOf(regions: readonly Answer[]): readonly LinkStatus[] {
  const asked = new Map(regions.map((answer) => [answer.region, answer.status]))
  const known = regions.flatMap(({ status }) => status?.peers.map(({ peer }) => peer) ?? [])
  const names = [...new Set([...asked.keys(), ...known])]
  return names.flatMap((from) =>
    names.filter((to) => to !== from && (asked.has(from) || asked.has(to))).map((to) => linkOf(from, to, asked)),
  )
}

function linkOf(from: string, to: string, asked: ReadonlyMap<string, Answer['status']>): LinkStatus {
  const sent = asked.get(from)?.peers.find(({ peer }) => peer === to)
  const received = asked.get(to)?.peers.find(({ peer }) => peer === from)
  return {
    from,
    to,
    state: sent?.outbound ?? 'unknown',
    received: received?.state ?? 'unknown',
    ...(sent === undefined ? {} : figuresOf(sent)),
    ...(received === undefined ? {} : receivedOf(received)),
  }
}

function receivedOf({ held, reason, suspect, line }: PeerStatus) {
  return {
    held,
    ...(line === undefined ? {} : { line }),
    ...(reason === undefined ? {} : { reason }),
    ...(suspect === undefined ? {} : { suspect }),
  }
}

function figuresOf({ pending, lagMs, safeToEvacuate, pausedUntilMs, tables }: PeerStatus) {
  return { pending, lagMs, safeToEvacuate, ...(pausedUntilMs === undefined ? {} : { pausedUntilMs }), tables }
}
