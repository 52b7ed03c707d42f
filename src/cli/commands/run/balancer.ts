/** `longitude balancer`: the process that `up` runs before the nodes of a region, and that a host of its own can run. */
import type { Command } from 'commander'
import { unmeasured, watchTurns } from '../../../adapters/system/turn-watch.ts'
import { Balancer } from '../../../front-door/balancer.ts'
import { nodeDescriptorsMin, requireDescriptors } from '../../../process/descriptors.ts'
import { Failure } from '../../../process/failure.ts'
import type { Parent } from '../../../process/process-end.ts'
import { roleLog, runRole, serveUntilEnd } from '../../../process/role.ts'
import { trustAuthority } from '../../../process/trust.ts'
import { readOptions } from '../../configuration.ts'
import { byRegion } from '../../options/addresses.ts'
import { optionsOf } from '../../options/of-commands.ts'

export async function runBalancer(command: Command, json: boolean): Promise<void> {
  await runRole(async (parent) => await serve(command, json, parent))
}

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
  const { host, port } = options
  const balancer = await Balancer.open({ host, port, nodes, log })
  log.info('the balancer is open', { host, port: balancer.port, nodes: Object.keys(nodes) })
  parent.ready()
  await serveUntilEnd(parent, log, () => balancer.close())
}
