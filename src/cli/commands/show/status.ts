/** `longitude status`: asks every region what it knows and puts it together; a region that is down is one line of it. */
import type { Command } from 'commander'
import { z } from 'zod'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { askAdmin, regionsAdministered, Unanswered } from '../../../deployment/endpoints.ts'
import { runningDeployments } from '../../../deployment/running.ts'
import { type ComposeRegions, composeRegions } from '../../../drills/run/targets/compose-regions.ts'
import { Failure, exitCode, messageOf, unknownStatus } from '../../../process/failure.ts'
import { tableText } from '../../../process/table-text.ts'
import { type Answer, type LinkStatus, nodeStatus, type PeerStatus } from './status-shapes.ts'
import { statusText } from './status-text.ts'

const answerMsMax = 3000

type Flags = { readonly check?: boolean; readonly compose?: string; readonly project?: string }
/** A region that can be asked. */
type Asked = {
  readonly region: string
  readonly endpoint: string
  readonly isReady: () => Promise<boolean>
  readonly status: () => Promise<unknown>
}

export async function runStatus(command: Command, json: boolean): Promise<void> {
  const { check, compose, project } = command.opts<Flags>()
  if (compose === undefined) return await tell(regionsOf(command), { json, check })
  const containers = await composeRegions({ file: compose, name: project })
  try {
    await tell(containers.regions, { json, check, containers: containers.states })
  } finally {
    containers.close()
  }
}

function regionsOf(command: Command): readonly Asked[] {
  return regionsAdministered(readOptionsFound(command, optionsOf.status)).map((at) => {
    const [region, endpoint] = at
    return {
      region,
      endpoint,
      isReady: async () => (await answerOf(`${endpoint}/ready`)).ok,
      status: async () => await askAdmin(at, 'status'),
    }
  })
}

type Telling = {
  readonly json: boolean
  readonly check: boolean | undefined
  readonly containers?: ComposeRegions['states']
}

type Status = { readonly regions: readonly Answer[]; readonly links: readonly LinkStatus[] }

/** What all regions of the deployment say that is meant. */
export async function statusOfRegions(command: Command): Promise<Status> {
  return await statusOf(regionsOf(command))
}

async function statusOf(asked: readonly Asked[]): Promise<Status> {
  const regions = await Promise.all(asked.map(ask))
  return { regions, links: linksOf(regions) }
}

async function tell(asked: readonly Asked[], { json, check, containers }: Telling): Promise<void> {
  const { regions, links } = await statusOf(asked)
  const isAllDown = regions.every(({ health }) => health === 'down')
  const more = containers === undefined ? {} : { containers }
  const hint = isAllDown && containers === undefined ? { hint: startHint(regions) } : {}
  if (json) console.log(JSON.stringify({ regions, links, ...more, ...hint }))
  else if (hint.hint !== undefined && regions.every(isUnreachable)) console.log(hint.hint)
  else console.log([statusText(regions, links), ...containersText(containers)].join('\n\n'))
  if (isAllDown) process.exitCode = exitCode.failure
  else if (check === true) process.exitCode = checkedCode(regions)
}

/** Nothing listens there, which is more than not answering. */
function isUnreachable({ problem = '' }: Answer): boolean {
  return problem.includes('ECONNREFUSED')
}

/** With nothing running the first thing to know is how to start. */
function startHint(regions: readonly Answer[]): string {
  const others = runningDeployments().map(({ name }) => name)
  const known =
    others.length === 0 ? 'no deployment of yours runs on this machine' : `you run ${others.join(', ')} (--name)`
  return [
    `No region runs here: nothing answers at ${regions.map(({ endpoint }) => endpoint).join(', ')}, and ${known}.`,
    '',
    '  longitude up                             starts three regions, with their data in ./data',
    '  longitude status --data <folder>         of a deployment of another user or container',
    '  longitude status --compose <file>        of containers',
  ].join('\n')
}

function containersText(containers: ComposeRegions['states'] | undefined): readonly string[] {
  if (containers === undefined) return []
  return [
    tableText(
      ['SERVICE', 'STATE'],
      containers.map(({ service, state }) => [service, state]),
    ),
  ]
}

/** For scripts: 0 only when every region answers and is ready, 2 when what some region knows is not known. */
function checkedCode(regions: readonly Answer[]): number {
  if (regions.some(({ health, status }) => health === 'down' || status === undefined)) return unknownStatus
  return regions.some(({ health }) => health === 'not ready') ? exitCode.failure : 0
}

/** A region that answers, but not to us, is no region that is down. */
function refusalOf(error: unknown): Failure {
  if (error instanceof Failure && !(error instanceof Unanswered)) return error
  throw error
}

async function ask({ region, endpoint, isReady, status: told }: Asked): Promise<Answer> {
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
