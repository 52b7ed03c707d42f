/** `longitude status`: asks every region what it knows and puts it together; a region that is down is one line of it. */
import type { Command } from 'commander'
import { z } from 'zod'
import { optionsOf, readOptions } from '../configuration.ts'
import { endpointsAsked } from '../endpoints.ts'
import { exitCode, messageOf } from '../failure.ts'
import { tableText } from '../table-text.ts'

const answerMsMax = 3000

const peerStatus = z.looseObject({
  peer: z.string(),
  state: z.string(),
  outbound: z.string(),
  pending: z.number(),
  lagMs: z.number(),
  held: z.number(),
})
const nodeStatus = z.looseObject({
  region: z.string(),
  flushed: z.number(),
  tables: z.number(),
  publishing: z.boolean(),
  peers: z.array(peerStatus),
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
}

export async function runStatus(command: Command, json: boolean): Promise<void> {
  const endpoints = endpointsAsked(readOptions(command, optionsOf.status))
  const regions = await Promise.all(
    Object.entries(endpoints).map(async ([region, endpoint]) => await ask(region, endpoint)),
  )
  const links = linksOf(regions)
  console.log(json ? JSON.stringify({ regions, links }) : `${regionsText(regions)}\n\n${linksText(links)}`)
  if (regions.every(({ health }) => health === 'down')) process.exitCode = exitCode.failure
}

async function ask(region: string, endpoint: string): Promise<Answer> {
  try {
    const [ready, status] = await Promise.all([answerOf(`${endpoint}/ready`), answerOf(`${endpoint}/admin/status`)])
    return {
      region,
      endpoint,
      health: ready.ok ? 'ready' : 'not ready',
      status: nodeStatus.parse(await status.json()),
    }
  } catch (error) {
    return {
      region,
      endpoint,
      health: 'down',
      problem: error instanceof z.ZodError ? 'not a Longitude node' : messageOf(error),
    }
  }
}

async function answerOf(url: string): Promise<Response> {
  return await fetch(url, { signal: AbortSignal.timeout(answerMsMax) })
}

function linksOf(regions: readonly Answer[]): readonly LinkStatus[] {
  return regions.flatMap((from) =>
    regions
      .filter((to) => to !== from)
      .map((to) => {
        const sent = from.status?.peers.find(({ peer }) => peer === to.region)
        const received = to.status?.peers.find(({ peer }) => peer === from.region)
        return {
          from: from.region,
          to: to.region,
          state: sent?.outbound ?? 'unknown',
          received: received?.state ?? 'unknown',
          ...(sent === undefined ? {} : { pending: sent.pending, lagMs: sent.lagMs }),
        }
      }),
  )
}

function regionsText(regions: readonly Answer[]): string {
  const rows = regions.map(({ region, endpoint, health, problem, status }) => [
    region,
    endpoint,
    health,
    status === undefined ? '–' : String(status.tables),
    status === undefined ? '–' : String(status.flushed),
    problem ?? (status?.publishing === false ? 'its NATS server is away' : ''),
  ])
  return tableText(['REGION', 'ENDPOINT', 'HEALTH', 'TABLES', 'LOG', ''], rows)
}

function linksText(links: readonly LinkStatus[]): string {
  const rows = links.map(({ from, to, state, received, pending, lagMs }) => [
    from,
    to,
    state,
    received,
    pending === undefined ? '–' : String(pending),
    lagMs === undefined ? '–' : `${(lagMs / 1000).toFixed(1)} s`,
  ])
  return tableText(['FROM', 'TO', 'SENDING', 'RECEIVING', 'PENDING', 'LAG'], rows)
}
