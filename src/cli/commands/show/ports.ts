/** `longitude ports`: every port of a deployment, once, with what it is for: of the one that runs, else of the one that `up` would run. */
import type { Command } from 'commander'
import { layOut, portsOf } from '../../../deployment/layout.ts'
import { readRegions } from '../../../deployment/regions.ts'
import { tableText } from '../../../process/table-text.ts'
import { readOptions } from '../../configuration.ts'
import { meantBy } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'

export async function runPorts(command: Command, json: boolean): Promise<void> {
  const running = meantBy(command, optionsOf.ports)
  const options = { ...readOptions(command, optionsOf.ports), ...running, latency: false }
  const layout = layOut(options, readRegions(options.regionsFolder))
  const ports = portsOf(layout).toSorted((a, b) => a.port - b.port)
  if (json) console.log(JSON.stringify({ ...(running === undefined ? {} : { name: running.name }), ports }))
  else
    console.log(
      tableText(
        ['PORT', running === undefined ? 'OF WHAT `longitude up` WOULD RUN' : `OF ${running.name}`],
        ports.map(({ port, purpose }) => [String(port), purpose]),
      ),
    )
  await Promise.resolve()
}
