/** `longitude status`: asks every region what it knows and puts it together; a region that is down is one line of it. */
import type { Command } from 'commander'
import { z } from 'zod'
import { narrowBytesPerSecond } from '../../../core/limits.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { type Administered, askAdmin, regionsAdministered, Unanswered } from '../../../deployment/endpoints.ts'
import { Failure, exitCode, messageOf } from '../../../process/failure.ts'
import { tableText } from '../../../process/table-text.ts'
import { missingStatus, missingText } from './missing-text.ts'

const answerMsMax = 3000
const unknownCode = 2

const tableStatus = z.looseObject({
  table: z.string(),
  pending: z.number(),
  lagMs: z.number(),
  watermark: z.object({ wallMs: z.number(), counter: z.number() }).optional(),
  replicationLatency: z.looseObject({ averageMs: z.number() }).optional(),
  pausedUntilMs: z.number().optional(),
  safeToEvacuate: z.boolean(),
})
const setAside = z.object({ origin: z.string(), table: z.string(), reason: z.string(), wallMs: z.number() })
const overruled = z.object({
  table: z.string(),
  register: z.string(),
  by: z.string(),
  reason: z.string(),
  madeIn: z.string(),
  madeMs: z.number(),
})
const lineStatus = z.object({ receiving: z.boolean(), bytesPerSecond: z.number().optional() })
const peerStatus = z.looseObject({
  peer: z.string(),
  line: lineStatus.optional(),
  state: z.string(),
  outbound: z.string(),
  pending: z.number(),
  lagMs: z.number(),
  held: z.number(),
  safeToEvacuate: z.boolean(),
  pausedUntilMs: z.number().optional(),
  skewMs: z.number().optional(),
  reason: z.string().optional(),
  missing: missingStatus.optional(),
  suspect: z.object({ messages: z.number(), last: z.string(), lastMs: z.number() }).optional(),
  tables: z.array(tableStatus),
})
const cacheStatus = z.looseObject({
  endpoint: z.string(),
  mode: z.string(),
  silentMs: z.number(),
  figures: z.record(z.string(), z.number()),
})
const nodeStatus = z.looseObject({
  region: z.string(),
  flushed: z.number(),
  tables: z.number(),
  publishing: z.boolean(),
  /** A node of version 0.1.0 does not say it. */
  signed: z.boolean().optional(),
  stream: z.looseObject({ kind: z.string(), reason: z.string(), advice: z.string(), sinceMs: z.number() }).optional(),
  trouble: z.looseObject({ reason: z.string() }).optional(),
  damage: z
    .object({
      foundMs: z.number(),
      reason: z.string(),
      folder: z.string(),
      filling: z.number(),
      incomplete: z.array(z.string()),
    })
    .optional(),
  setAside: z.object({ count: z.number(), newest: z.array(setAside) }).optional(),
  overruled: z.object({ count: z.number(), newest: z.array(overruled) }).optional(),
  found: z.object({ found: z.string(), reason: z.string(), atMs: z.number() }).optional(),
  doubts: z.array(z.string()).default([]),
  unverifiedBy: z.array(z.string()).default([]),
  peers: z.array(peerStatus),
  caches: z.array(cacheStatus).default([]),
})

type Answer = {
  readonly region: string
  readonly endpoint: string
  readonly health: 'ready' | 'not ready' | 'down'
  readonly problem?: string
  readonly status?: z.output<typeof nodeStatus>
}

type LinkStatus = {
  readonly from: string
  readonly to: string
  /** As the sender sees it by the receiver's confirmations. */
  readonly state: string
  /** How the receiver follows the sender. */
  readonly received: string
  readonly pending?: number
  readonly lagMs?: number
  readonly safeToEvacuate?: boolean
  readonly pausedUntilMs?: number
  /** Of the receiver: why it refuses the sender, or fetches its state. */
  readonly reason?: string
  /** Of the receiver: what of the sender it could not read or trust. */
  readonly suspect?: z.output<typeof peerStatus>['suspect']
  /** Of the receiver: what the line brings. */
  readonly line?: z.output<typeof lineStatus>
  /** Of the receiver: changes that wait because the sender's clock is ahead. */
  readonly held?: number
  readonly tables?: readonly z.output<typeof tableStatus>[]
}

export async function runStatus(command: Command, json: boolean): Promise<void> {
  const regions = await Promise.all(
    regionsAdministered(readOptionsFound(command, optionsOf.status)).map(async (at) => await ask(at)),
  )
  const links = linksOf(regions)
  console.log(json ? JSON.stringify({ regions, links }) : textOf(regions, links))
  const { check } = command.opts<{ check?: boolean }>()
  if (regions.every(({ health }) => health === 'down')) process.exitCode = exitCode.failure
  else if (check === true) process.exitCode = checkedCode(regions)
}

/** For scripts: 0 only when every region answers and is ready, 2 when what some region knows is not known. */
function checkedCode(regions: readonly Answer[]): number {
  if (regions.some(({ health, status }) => health === 'down' || status === undefined)) return unknownCode
  return regions.some(({ health }) => health === 'not ready') ? exitCode.failure : 0
}

/** A region that answers, but not to us, is no region that is down. */
function refusalOf(error: unknown): Failure {
  if (error instanceof Failure && !(error instanceof Unanswered)) return error
  throw error
}

async function ask(at: Administered): Promise<Answer> {
  const [region, endpoint] = at
  try {
    const [ready, status] = await Promise.all([answerOf(`${endpoint}/ready`), askAdmin(at, 'status').catch(refusalOf)])
    const health = ready.ok ? 'ready' : 'not ready'
    if (status instanceof Failure) return { region, endpoint, health, problem: status.message }
    return { region, endpoint, health, status: nodeStatus.parse(status) }
  } catch (error) {
    const problem = error instanceof z.ZodError ? 'not a Longitude node' : messageOf(error)
    return { region, endpoint, health: 'down', problem }
  }
}

async function answerOf(url: string): Promise<Response> {
  return await fetch(url, { signal: AbortSignal.timeout(answerMsMax) })
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

function receivedOf({ held, reason, suspect, line }: z.output<typeof peerStatus>) {
  return {
    held,
    ...(line === undefined ? {} : { line }),
    ...(reason === undefined ? {} : { reason }),
    ...(suspect === undefined ? {} : { suspect }),
  }
}

function figuresOf({ pending, lagMs, safeToEvacuate, pausedUntilMs, tables }: z.output<typeof peerStatus>) {
  return { pending, lagMs, safeToEvacuate, ...(pausedUntilMs === undefined ? {} : { pausedUntilMs }), tables }
}

function textOf(regions: readonly Answer[], links: readonly LinkStatus[]): string {
  const tables = links.flatMap((link) => (link.tables ?? []).map((table) => ({ link, table })))
  const caches = regions.flatMap(({ region, status }) => (status?.caches ?? []).map((cache) => ({ region, cache })))
  const parts = [
    regionsText(regions),
    ...(caches.length === 0 ? [] : [cachesText(caches)]),
    linksText(links),
    ...(tables.length === 0 ? [] : [tablesText(tables)]),
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

function tablesText(
  pairs: readonly { readonly link: LinkStatus; readonly table: z.output<typeof tableStatus> }[],
): string {
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

function publishingText(status: Answer['status']): string {
  if (status?.stream !== undefined && status.stream.kind !== 'away')
    return `its stream is refused: ${status.stream.kind}`
  if (status?.publishing === false) return 'its NATS server is away'
  return status?.signed === false ? 'its messages are not signed (--message-keys)' : ''
}

function cachesText(
  caches: readonly { readonly region: string; readonly cache: z.output<typeof cacheStatus> }[],
): string {
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
