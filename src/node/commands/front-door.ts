/** `longitude front-door`: the process that `up` runs for it, and that a container of its own can be. */
import type { Command } from 'commander'
import { pinoLog } from '../../adapters/pino-log.ts'
import { optionsOf, readOptions } from '../configuration.ts'
import { endpointsAsked } from '../endpoints.ts'
import { FrontDoor } from '../front-door/front-door.ts'
import { childOf } from '../process-end.ts'
import { readRegions } from '../regions.ts'
import { frontDoorPortAt } from '../supervisor/layout.ts'

export async function runFrontDoor(command: Command): Promise<void> {
  const parent = childOf()
  const options = readOptions(command, optionsOf.frontDoor)
  const { upstream, basePort, host, frontDoorPort = frontDoorPortAt(basePort), logLevel = 'info', logFormat } = options
  const endpoints =
    upstream.length === 0
      ? endpointsAsked({ ...options, host: '127.0.0.1' })
      : Object.fromEntries(upstream.map(({ region, url }) => [region, url]))
  const known = readRegions(options.regionsFolder)
  const readable = (logFormat ?? (process.stderr.isTTY ? 'text' : 'json')) === 'text'
  const log = (await pinoLog({ level: logLevel, readable, descriptor: 2 })).with({ process: 'front-door' })
  const door = await FrontDoor.open({
    host,
    port: frontDoorPort,
    endpoints,
    failover: options.failover === 'nearest',
    roundTripMs: (from, to) => known.roundTripMs(from, to),
    onHealth: (region, healthy) => (healthy ? log.info(`${region} is healthy`) : log.warn(`${region} is not healthy`)),
  })
  log.info('the front door is open', { host, port: door.port, regions: Object.keys(endpoints) })
  parent.ready()
  log.info(`stopping at ${await parent.end}`)
  await door.close()
  parent.exit()
}
