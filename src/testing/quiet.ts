/** When a cluster has settled: every table is in its final state, and every region has what the regions that it can reach have written. */
import type { Table } from '../core/table/table.ts'
import type { World } from './world.ts'
import type { WorldRegion } from './world-region.ts'

/** What there is still to wait for, for people to read; empty once the cluster has settled. What a cut or a dead region keeps is not waited for. */
export function unsettled(world: World): readonly string[] {
  const running = [...world.regions.values()].filter((region) => region.running !== undefined)
  return running.flatMap((region) => {
    const peers = running.filter((peer) => peer !== region && isLinked(world, region.name, peer.name))
    return [...unsettledTables(world, region), ...peers.flatMap((peer) => unsettledPeer(region, peer.name))]
  })
}

function unsettledTables(world: World, { name, running }: WorldRegion): readonly string[] {
  const isAway = (peer: string): boolean =>
    peer !== name && (world.regions.get(peer)?.running === undefined || !isLinked(world, name, peer))
  return (running?.region.engine.tables() ?? [])
    .filter((table) => !isSettled(table) && !table.replicas.some(({ region }) => isAway(region)))
    .map((table) => `${table.name} is ${table.status} in ${name}${partsOf(table)}`)
}

function isSettled({ status, replicas, indexes }: Table): boolean {
  return (
    status === 'ACTIVE' &&
    replicas.every((replica) => replica.status === 'ACTIVE') &&
    indexes.every((index) => index.status === 'ACTIVE')
  )
}

function partsOf({ replicas, indexes }: Table): string {
  const parts = [
    ...replicas.filter(({ status }) => status !== 'ACTIVE').map(({ region, status }) => `${region} ${status}`),
    ...indexes.filter(({ status }) => status !== 'ACTIVE').map(({ name, status }) => `${name} ${status}`),
  ]
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

function unsettledPeer({ name, running }: WorldRegion, peer: string): readonly string[] {
  const status = running?.region.replication.status().peers.find((each) => each.peer === peer)
  if (status === undefined || status.pausedUntilMs !== undefined) return []
  if (status.outbound !== 'live' && status.outbound !== 'idle') return [`${name} has not heard of ${peer} yet`]
  const paused = status.tables
    .filter(({ pausedUntilMs }) => pausedUntilMs !== undefined)
    .reduce((sum, { pending }) => sum + pending, 0)
  return status.pending > paused ? [`${peer} lacks ${status.pending} changes of ${name}`] : []
}

function isLinked({ network }: World, a: string, b: string): boolean {
  return network.link(a, b).state === 'up' && network.link(b, a).state === 'up'
}
