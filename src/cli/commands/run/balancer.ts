/** `longitude balancer`: the process that `up` runs before the nodes of a region, and that a host of its own can run. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { unmeasured, watchTurns } from '../../../adapters/system/turn-watch.ts'
import { Balancer, type BalancerOptions } from '../../../front-door/balancer.ts'
import { privatePlaceOf } from '../../../node/private-port.ts'
import { nodeDescriptorsMin, requireDescriptors } from '../../../process/descriptors.ts'
import { Failure } from '../../../process/failure.ts'
import type { Parent } from '../../../process/process-end.ts'
import { roleLog, runRole, serveUntilEnd } from '../../../process/role.ts'
import { trustAuthority } from '../../../process/requests/trust.ts'
import { readOptions } from '../../configuration.ts'
import { byRegion } from '../../options/addresses.ts'
import { optionsOf } from '../../options/of-commands.ts'

export async function runBalancer(command: Command, json: boolean): Promise<void> {
  await runRole(async (parent) => await serve(command, json, parent))
}

/** Throws a Failure. */
function privateOf(at: string | undefined, nodes: Readonly<Record<string, string>>): BalancerOptions['privately'] {
  if (at === undefined) return undefined
  const pathOf = (place: string): string => resolve(place.slice(unixPrefix.length))
  if (!at.startsWith(unixPrefix))
    throw new Failure(`--private-listen ${at}: a balancer takes unix:PATH, and its nodes listen at PATH.NODE`)
  const paths = Object.keys(nodes).map((node) => [node, pathOf(privatePlaceOf(at, node))])
  return { path: pathOf(at), nodes: Object.fromEntries(paths) as Readonly<Record<string, string>> }
}

const unixPrefix = 'unix:'

async function serve(command: Command, json: boolean, parent: Parent): Promise<void> {
  requireDescriptors(nodeDescriptorsMin, 'a balancer')
  const options = readOptions(command, optionsOf.balancer)
  const nodes = byRegion(options.nodeEndpoint)
  if (Object.keys(nodes).length === 0) throw new Failure('no node is named: give --node-endpoint NODE=URL for each')
  if (options.tlsCa !== undefined) trustAuthority(options.tlsCa)
  const log = await roleLog({
    ...options,
    fields: { region: options.region, process: 'balancer' },
    descriptor: 2,
    json,
  })
  watchTurns({ meter: unmeasured, log })
  const { host, port, privateListen } = options
  const balancer = await Balancer.open({ host, port, nodes, privately: privateOf(privateListen, nodes), log })
  log.info('the balancer is open', { host, port: balancer.port, nodes: Object.keys(nodes) })
  parent.ready()
  await serveUntilEnd(parent, log, () => balancer.close())
}
