/** `longitude front-door`: the process that `up` runs for it, and that a container of its own can be. */
import type { Command } from 'commander'
import { unmeasured, watchTurns } from '../../../adapters/system/turn-watch.ts'
import { byRegion } from '../../options/addresses.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { nodeDescriptorsMin, requireDescriptors } from '../../../process/descriptors.ts'
import { endpointsAsked } from '../../../deployment/endpoints.ts'
import { FrontDoor } from '../../../front-door/front-door.ts'
import { endpointTls } from '../../../deployment/secrets/certificates/served-certificate.ts'
import type { Parent } from '../../../process/process-end.ts'
import { readRegions } from '../../../deployment/regions.ts'
import { roleLog, runRole, serveUntilEnd } from '../../../process/role.ts'
import { frontDoorPortAt } from '../../../deployment/layout.ts'

export async function runFrontDoor(command: Command, json: boolean): Promise<void> {
  await runRole(async (parent) => await serve(command, json, parent))
}

async function serve(command: Command, json: boolean, parent: Parent): Promise<void> {
  requireDescriptors(nodeDescriptorsMin, 'the front door')
  const options = readOptionsFound(command, optionsOf.frontDoor)
  const { upstream, basePort, host, frontDoorPort = frontDoorPortAt(basePort) } = options
  const endpoints = upstream.length === 0 ? endpointsAsked({ ...options, host: '127.0.0.1' }) : byRegion(upstream)
  const known = readRegions(options.regionsFolder)
  const log = await roleLog({ ...options, fields: { process: 'front-door' }, descriptor: 2, json })
  watchTurns({ meter: unmeasured, log })
  const door = await FrontDoor.open({
    host,
    port: frontDoorPort,
    endpoints,
    visitors: options,
    failover: options.failover === 'nearest',
    tls: endpointTls(options, log),
    roundTripMs: (from, to) => known.roundTripMs(from, to),
    onHealth: (region, healthy) => (healthy ? log.info(`${region} is healthy`) : log.warn(`${region} is not healthy`)),
  })
  log.info('the front door is open', { host, port: door.port, regions: Object.keys(endpoints) })
  parent.ready()
  await serveUntilEnd(parent, log, () => door.close())
}
