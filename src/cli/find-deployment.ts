/**
 * Which running deployment a command means. What is said by an option counts: --name, or else --data, ports and addresses. When nothing is said, it is the deployment
 * on ./data of the current folder, and otherwise the only one that this user runs on this machine.
 */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { endpointsOf } from '../deployment/data-folder.ts'
import { type RunningDeployment, runningDeployments } from '../deployment/running-deployments.ts'
import { localTlsIn, tlsFolderName } from '../deployment/secrets/certificates/local-authority.ts'
import { Failure } from '../process/failure.ts'
import { trustAuthority } from '../process/requests/trust.ts'
import { givenBy, readOptions } from './configuration.ts'
import { type OptionName, options, type Values } from './options/rows.ts'

/** Options that say where a deployment is. */
const places = ['data', 'basePort', 'regions', 'host', 'upstream', 'control', 'natsSecrets', 'messageKeys'] as const
const flagRank = 3

/** The options of a command, with the place of the deployment that it means. Throws a Failure when that is not clear. */
export function readOptionsFound<Names extends OptionName>(
  command: Command,
  of: readonly Names[],
): Values<Names> & { readonly byPorts: boolean } {
  const read = readOptions(command, of)
  const found = meantBy(command, of)
  trust(command, of, found)
  if (found === undefined) return { ...read, byPorts: givenBy(command, 'data') === 0 && isByPorts(command, of) }
  const hasToken = givenBy(command, 'adminToken') > 0 || givenBy(command, 'adminTokenFile') > 0
  const tokenFile = hasToken || found.adminTokenFile === undefined ? {} : { adminTokenFile: found.adminTokenFile }
  return { ...read, data: found.data, ...tokenFile, byPorts: false }
}

/** What certificates of the deployment are known by: the file that is named, that of the deployment's record, or that of its data folder. */
function trust(command: Command, of: readonly OptionName[], found: RunningDeployment | undefined): void {
  const named = of.includes('tlsCa') ? readOptions(command, ['tlsCa']).tlsCa : undefined
  const data = found?.data ?? (of.includes('data') ? resolve(readOptions(command, ['data']).data) : undefined)
  const own = data === undefined ? undefined : localTlsIn(join(data, tlsFolderName)).ca
  const file = named ?? found?.tlsCa ?? (own !== undefined && existsSync(own) ? own : undefined)
  if (file !== undefined) trustAuthority(file)
}

/** The record of the deployment that is meant; undefined when an option says where to look, or none is recorded. */
export function meantBy(command: Command, of: readonly OptionName[]): RunningDeployment | undefined {
  const running = runningDeployments()
  const name = of.includes('name') ? readOptions(command, ['name']).name : undefined
  const nameRank = name === undefined ? 0 : givenBy(command, 'name')
  const said = places.filter((place) => of.includes(place) && givenBy(command, place) > 0)
  const placeRank = Math.max(0, ...said.map((place) => givenBy(command, place)))
  if (nameRank === flagRank && placeRank === flagRank)
    throw new Failure(`either --name or ${said.map((place) => flagOf(place)).join(', ')}: each says which deployment`)
  if (name !== undefined && nameRank >= placeRank) {
    const named = running.find((each) => each.name === name)
    // A file that `up` reads too may say both, and what it says of places holds when nothing of that name runs.
    if (named !== undefined || placeRank === 0) return named ?? refuse(name, running)
  }
  if (said.length > 0) return running.find((each) => isAt(command, of, each))
  const data = resolve(readOptions(command, ['data']).data)
  const here = running.find((each) => each.data === data)
  if (here !== undefined || endpointsOf(data) !== undefined) return here
  if (running.length > 1)
    throw new Failure(`several deployments run: ${listed(running)}; say by --name which one is meant`)
  return running[0]
}

/** Whether the deployment is where the options say: the folder counts before the ports. */
function isAt(command: Command, of: readonly OptionName[], deployment: RunningDeployment): boolean {
  if (givenBy(command, 'data') > 0) return deployment.data === resolve(readOptions(command, ['data']).data)
  return isByPorts(command, of) && deployment.basePort === readOptions(command, ['basePort']).basePort
}

function isByPorts(command: Command, of: readonly OptionName[]): boolean {
  return of.includes('basePort') && givenBy(command, 'basePort') > 0
}

function refuse(name: string, running: readonly RunningDeployment[]): never {
  if (running.length === 0)
    throw new Failure(`no deployment named ${name} runs, and no other; \`longitude up\` starts one`)
  throw new Failure(`no deployment named ${name} runs; there are ${listed(running)}`)
}

const namedMax = 10

function listed(running: readonly RunningDeployment[]): string {
  const more = running.length > namedMax ? ` and ${running.length - namedMax} more` : ''
  return (
    running
      .slice(0, namedMax)
      .map(({ name, data }) => `${name} (${data})`)
      .join(', ') + more
  )
}

function flagOf(name: OptionName): string {
  return options[name].flags.split(' ')[0] ?? name
}
