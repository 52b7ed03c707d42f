/** `longitude status`: asks every region what it knows and puts it together; a region that is down is one line of it. */
import type { Command } from 'commander'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { nodesAsked, regionsAdministered } from '../../../deployment/endpoints.ts'
import { runningDeployments } from '../../../deployment/running-deployments.ts'
import { type ComposeRegions, composeRegions } from '../../../drills/run/targets/compose-regions.ts'
import { exitCode, unknownStatus } from '../../../process/failure.ts'
import { tableText } from '../../../process/table-text.ts'
import {
  askedRegion,
  type AskedRegion,
  type RegionsStatus,
  statusOf,
} from '../../../deployment/status/regions-status.ts'
import type { Answer } from '../../../deployment/status/status-shapes.ts'
import { statusText } from './status-text.ts'

type Flags = { readonly check?: boolean; readonly compose?: string; readonly project?: string }
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

function regionsOf(command: Command): readonly AskedRegion[] {
  const options = readOptionsFound(command, optionsOf.status)
  const nodes = nodesAsked(options)
  return regionsAdministered(options).map((at) => askedRegion(at, { nodes }))
}

type Telling = {
  readonly json: boolean
  readonly check: boolean | undefined
  readonly containers?: ComposeRegions['states']
}

/** What all regions of the deployment say that is meant. */
export async function statusOfRegions(command: Command): Promise<RegionsStatus> {
  return await statusOf(regionsOf(command))
}

async function tell(asked: readonly AskedRegion[], { json, check, containers }: Telling): Promise<void> {
  const { regions, links, groups } = await statusOf(asked)
  const isAllDown = regions.every(({ health }) => health === 'down')
  const more = containers === undefined ? {} : { containers }
  const hint = isAllDown && containers === undefined ? { hint: startHint(regions) } : {}
  if (json) console.log(JSON.stringify({ regions, links, groups, ...more, ...hint }))
  else if (hint.hint !== undefined && regions.every(isUnreachable)) console.log(hint.hint)
  else console.log([statusText({ regions, links, groups }), ...containersText(containers)].join('\n\n'))
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
