/** `longitude links run`: the process that carries links, of one machine under `up`, or in a container of its own. */
import type { Command } from 'commander'
import { unmeasured, watchTurns } from '../../../adapters/system/turn-watch.ts'
import { adminToken } from '../../../deployment/secrets/admin-token.ts'
import { readOptions } from '../../configuration.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { nodeDescriptorsMin, requireDescriptors } from '../../../process/descriptors.ts'
import { startLinksControl } from '../../../links/control/links-server.ts'
import { Links } from '../../../links/links.ts'
import { readPlan } from '../../../links/plan.ts'
import type { Parent } from '../../../process/process-end.ts'
import { readRegions } from '../../../deployment/regions.ts'
import { endpointTls } from '../../../deployment/secrets/certificates/served-certificate.ts'
import { roleLog, runRole, serveUntilEnd } from '../../../process/role.ts'
import { unmeasuredRoundTripMs } from '../../../deployment/layout.ts'

export async function runLinksRole(command: Command, json: boolean): Promise<void> {
  await runRole(async (parent) => await serve(command, json, parent))
}

async function serve(command: Command, json: boolean, parent: Parent): Promise<void> {
  requireDescriptors(nodeDescriptorsMin, 'the links')
  const options = readOptions(command, optionsOf.linksRun)
  const { plan: file, link: flags, host, latency, controlHost, controlPort } = options
  const token = adminToken(options)
  const known = readRegions(options.regionsFolder)
  const plans = readPlan({
    file,
    flags,
    host,
    roundTripMs: (from, to) => (latency ? (known.roundTripMs(from, to) ?? unmeasuredRoundTripMs) : 0),
  })
  const log = await roleLog({ ...options, fields: { process: 'links' }, descriptor: 2, json })
  watchTurns({ meter: unmeasured, log })
  const links = await Links.open(plans, (what, names) => log.info(`links: ${what}`, { links: names }))
  const listen = { host: controlHost, port: controlPort }
  const tls = endpointTls(options, log)
  const control = await startLinksControl({ links, listen, token, tls }).catch(async (error: unknown) => {
    await links.close()
    throw error
  })
  const what =
    plans.length === 0 ? 'no links are planned (--plan and --link name them)' : `${plans.length} links are open`
  log.info(what, { control: `${controlHost}:${control.port}` })
  parent.ready()
  await serveUntilEnd(parent, log, async () => {
    await Promise.all([control.close(), links.close()])
  })
}
