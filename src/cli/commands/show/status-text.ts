/** `longitude status` for people: tables, and below them what is out of order. */
import { narrowBytesPerSecond } from '../../../core/limits/limits.ts'
import { tableText } from '../../../process/table-text.ts'
import { evacuationText } from './evacuation-text.ts'
import { missingText } from './missing-text.ts'
import type { RegionsStatus } from '../../../deployment/status/regions-status.ts'
import { memberWords } from '../../../console/model/group-words.ts'
import type { StrongGroupStatus } from '../../../deployment/status/strong-groups.ts'
import type { Answer, CacheStatus, LinkStatus, TableStatus } from '../../../deployment/status/status-shapes.ts'

export function statusText({ regions, links, groups }: RegionsStatus): string {
  const tables = links.flatMap((link) => (link.tables ?? []).map((table) => ({ link, table })))
  const caches = regions.flatMap(({ region, status }) => (status?.caches ?? []).map((cache) => ({ region, cache })))
  const parts = [
    regionsText(regions),
    ...nodesText(regions),
    ...(caches.length === 0 ? [] : [cachesText(caches)]),
    linksText(links),
    ...(tables.length === 0 ? [] : [tablesText(tables)]),
    ...(groups.length === 0 ? [] : [groupsText(groups)]),
    ...evacuationText(regions),
    ...regions.flatMap(damageText),
    ...regions.flatMap(streamText),
    ...missingText(regions.map(({ region, status }) => ({ region, peers: status?.peers ?? [] }))),
    ...regions.flatMap(foundText),
    ...regions.flatMap(unverifiedText),
    ...regions.flatMap(setAsideText),
    ...regions.flatMap(overruledText),
  ]
  return parts.join('\n\n')
}

function tablesText(pairs: readonly { readonly link: LinkStatus; readonly table: TableStatus }[]): string {
  const rows = pairs.map(({ link, table }) => [
    table.table,
    link.from,
    link.to,
    String(table.pending),
    seconds(table.lagMs),
    table.replicationLatency === undefined ? '–' : `${Math.round(table.replicationLatency.averageMs)} ms`,
    table.watermark === undefined ? '–' : new Date(table.watermark.wallMs).toISOString(),
    table.safeToEvacuate ? 'yes' : 'no',
    pausedText(table.pausedUntilMs),
  ])
  return tableText(['TABLE', 'FROM', 'TO', 'PENDING', 'LAG', 'LATENCY', 'APPLIED UP TO', 'SAFE TO EVACUATE', ''], rows)
}

function groupsText(groups: readonly StrongGroupStatus[]): string {
  const rows = groups.flatMap(({ group, tables, members }) =>
    members.map((member, n) => {
      const { order, behind, writes } = memberWords(member)
      const head = tables.length === 0 ? group : tables.join(', ')
      return [n === 0 ? head : '', member.region, member.role, order, behind, writes]
    }),
  )
  return tableText(['STRONGLY CONSISTENT', 'REGION', 'ROLE', 'ORDER', 'BEHIND', 'WRITES'], rows)
}

/** A store that was damaged, and what is missing by it. */
function damageText({ region, status }: Answer): string[] {
  const damage = status?.damage
  if (damage === undefined) return []
  const { foundMs, reason, folder, filling, incomplete } = damage
  const lines = [
    `  ${region} had a damaged store, found ${new Date(foundMs).toISOString()}: ${reason}`,
    `    It is in ${folder}; remove that folder once nothing is missing.`,
    ...(filling === 0 ? [] : [`    ${filling} tables are being filled again.`]),
    ...incomplete.map(
      (table) => `    ${table} lost items and is not served; \`longitude repair ${table}\` accepts what is left.`,
    ),
  ]
  return [lines.join('\n')]
}

/** Why nothing new reaches the peers of a region, though it takes writes. */
function streamText({ region, status }: Answer): string[] {
  if (status?.stream === undefined) return []
  const { kind, reason, advice, sinceMs } = status.stream
  const what = `  ${region} does not publish since ${new Date(sinceMs).toISOString()} (${kind}): ${reason}`
  const next = advice === '' ? 'The node tries again by itself.' : `To do: ${advice}. The node goes on by itself.`
  return [`${what}\n    Its peers lack what it has taken since. ${next}`]
}

/** What was last found wrong with a region's store, and what is still to be filled again. */
function foundText({ region, status }: Answer): string[] {
  const { found, doubts = [] } = status ?? {}
  if (found === undefined) return []
  const what = `  ${region}: its store was found ${found.found} at ${new Date(found.atMs).toISOString()}: ${found.reason}`
  return [doubts.length === 0 ? what : `${what}\n    still to be filled again from peers: ${doubts.join(', ')}`]
}

/** A region that has started without its peers does not know yet whether its store is the latest. */
function unverifiedText({ region, status }: Answer): string[] {
  const { unverifiedBy = [] } = status ?? {}
  if (unverifiedBy.length === 0) return []
  const what = `  ${region}: since its start ${unverifiedBy.join(', ')} could not be asked whether its store is the latest`
  return [`${what}\n    If it is an older copy, it shows items that are deleted there, until they can be asked.`]
}

/** Changes of peers that cannot be right: they are not applied, and somebody should look. */
function setAsideText({ region, endpoint, status }: Answer): string[] {
  const { count, newest } = status?.setAside ?? { count: 0, newest: [] }
  if (count === 0) return []
  const lines = newest.map(
    ({ origin, table, reason, wallMs }) => `    ${new Date(wallMs).toISOString()}  ${origin}, ${table}: ${reason}`,
  )
  return [[`  ${region} has set aside ${count} changes (${endpoint}/admin/set-aside):`, ...lines].join('\n')]
}

/** Settings that regions made at the same time and that contradict each other: the one that does not count. */
function overruledText({ region, endpoint, status }: Answer): string[] {
  const { count, newest } = status?.overruled ?? { count: 0, newest: [] }
  if (count === 0) return []
  const lines = newest.map(
    ({ table, register, by, reason, madeIn, madeMs }) =>
      `    ${new Date(madeMs).toISOString()}  ${table}, ${register} of ${madeIn} does not count beside ${by}: ${reason}`,
  )
  return [
    [`  ${region} has met ${count} overruled settings (${endpoint}/admin/overruled-settings):`, ...lines].join('\n'),
  ]
}

function suspectText({ suspect, from }: LinkStatus): string {
  return suspect === undefined ? '' : `${suspect.messages} messages of ${from} not understood, last ${suspect.last}`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function pausedText(untilMs: number | undefined): string {
  return untilMs === undefined ? '' : `paused until ${new Date(untilMs).toISOString()}`
}

function lineText({ line }: LinkStatus): string {
  const { receiving = false, bytesPerSecond } = line ?? {}
  if (!receiving || bytesPerSecond === undefined || bytesPerSecond >= narrowBytesPerSecond) return ''
  return `receiving ${(bytesPerSecond / 1000).toFixed(1)} kB/s`
}

function heldText(link: LinkStatus): string {
  if (link.held === undefined || link.held === 0) return ''
  return `${link.held} held: the clock of ${link.from} is ahead`
}

function regionsText(regions: readonly Answer[]): string {
  const rows = regions.map(({ region, endpoint, health, problem, status }) => [
    region,
    endpoint,
    health,
    status === undefined ? '–' : String(status.tables),
    status === undefined ? '–' : String(status.flushed),
    problem ?? status?.trouble?.reason ?? publishingText(status),
  ])
  return tableText(['REGION', 'ENDPOINT', 'HEALTH', 'TABLES', 'LOG', ''], rows)
}

/** Of regions of several nodes, each of them. */
function nodesText(regions: readonly Answer[]): string[] {
  const nodes = regions.flatMap(({ region, nodes: all = [] }) => all.map((node) => ({ region, ...node })))
  if (nodes.length === 0) return []
  const rows = nodes.map(
    ({ region, node, endpoint, health, role, term, behind, behindLeader = behind, problem, trouble }) => [
      region,
      node,
      endpoint,
      health,
      role ?? '–',
      term === undefined ? '–' : String(term),
      behindLeader === undefined ? '–' : String(behindLeader),
      trouble === undefined ? (problem ?? '') : `needs an operator: ${trouble}`,
    ],
  )
  return [tableText(['REGION', 'NODE', 'ENDPOINT', 'HEALTH', 'ROLE', 'TERM', 'BEHIND', ''], rows)]
}

function publishingText(status: Answer['status']): string {
  if (status?.stream !== undefined && status.stream.kind !== 'away')
    return `its stream is refused: ${status.stream.kind}`
  if (status?.publishing === false) return 'its NATS server is away'
  return status?.signed === false ? 'its messages are not signed (--message-keys)' : ''
}

function cachesText(caches: readonly { readonly region: string; readonly cache: CacheStatus }[]): string {
  const rows = caches.map(({ region, cache: { endpoint, mode, figures, silentMs } }) => [
    region,
    endpoint,
    mode,
    rateText(figures['itemHits'], figures['itemMisses']),
    rateText(figures['queryHits'], figures['queryMisses']),
    rateText(figures['scanHits'], figures['scanMisses']),
    String((figures['items'] ?? 0) + (figures['pages'] ?? 0)),
    `${((figures['bytes'] ?? 0) / 1024 / 1024).toFixed(1)} MB`,
    [
      figures['serving'] === 1 ? '' : 'passes everything on',
      figures['upstream'] === 0 ? 'does not reach its region' : '',
      silentMs > silentShownMs ? `silent for ${seconds(silentMs)}` : '',
    ]
      .filter((text) => text !== '')
      .join('; '),
  ])
  return tableText(
    ['CACHE OF', 'ENDPOINT', 'MODE', 'ITEM HITS', 'QUERY HITS', 'SCAN HITS', 'ENTRIES', 'SIZE', ''],
    rows,
  )
}

/** It reports twice a second. */
const silentShownMs = 3000

function rateText(hits = 0, misses = 0): string {
  return hits + misses === 0 ? '–' : `${((100 * hits) / (hits + misses)).toFixed(1)} % of ${hits + misses}`
}

function linksText(links: readonly LinkStatus[]): string {
  const rows = links.map((link) => [
    link.from,
    link.to,
    link.state,
    link.received,
    link.pending === undefined ? '–' : String(link.pending),
    link.lagMs === undefined ? '–' : seconds(link.lagMs),
    link.safeToEvacuate === undefined ? '–' : link.safeToEvacuate ? 'yes' : 'no',
    [link.reason ?? '', lineText(link), pausedText(link.pausedUntilMs), heldText(link), suspectText(link)]
      .filter((text) => text !== '')
      .join('; '),
  ])
  return tableText(['FROM', 'TO', 'SENDING', 'RECEIVING', 'PENDING', 'LAG', 'SAFE TO EVACUATE', ''], rows)
}
