/** `longitude console`: the process that `up` runs for the page, and that a container of its own can be. */
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { unmeasured, watchTurns } from '../../../adapters/system/turn-watch.ts'
import { Console } from '../../../console/console.ts'
import type { DrillProgram } from '../../../console/drills/drill-runs.ts'
import { consoleAddress, consoleKey } from '../../../console/key.ts'
import { type Signer, signerOf } from '../../../console/signing.ts'
import { readStaticFiles } from '../../../console/static-files.ts'
import { nodeEndpointsOf, servicesOf } from '../../../deployment/data-folder.ts'
import { endpointsAsked } from '../../../deployment/endpoints.ts'
import { consolePortAt, endpointAt } from '../../../deployment/layout.ts'
import { readRegions } from '../../../deployment/regions.ts'
import { foundToken } from '../../../deployment/secrets/admin-token.ts'
import { watchAccess } from '../../../deployment/secrets/identities/watched-access.ts'
import { endpointTls } from '../../../deployment/secrets/certificates/served-certificate.ts'
import { Wire } from '../../../drills/run/load/wire.ts'
import { controlOf as linksControlOf } from '../../../links/control/control-options.ts'
import { ownProgram } from '../../../process/own-program.ts'
import { nodeDescriptorsMin, requireDescriptors } from '../../../process/descriptors.ts'
import { exchange } from '../../../process/requests/exchange.ts'
import { Failure } from '../../../process/failure.ts'
import type { Parent } from '../../../process/process-end.ts'
import { roleLog, runRole, serveUntilEnd } from '../../../process/role.ts'
import { controlOf } from '../../../supervisor/control/supervisor-client.ts'
import { withoutOwnVariables } from '../../../supervisor/flags/child-flags.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { byRegion } from '../../options/addresses.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { version } from '../../version.ts'

const answerMsMax = 3000

type Options = ReturnType<typeof readOptionsFound<(typeof optionsOf.console)[number]>>

export async function runConsole(command: Command, json: boolean): Promise<void> {
  if (command.opts<{ url?: boolean }>().url === true) return await printUrl(command, json)
  await runRole(async (parent) => await serve(command, json, parent))
}

/** Of the deployment's record, else where a console of these options listens. */
async function printUrl(command: Command, json: boolean): Promise<void> {
  const options = readOptionsFound(command, optionsOf.console)
  const { data, basePort, consolePort = consolePortAt(basePort), tlsCert } = options
  const url = servicesOf(resolve(data))['console'] ?? endpointAt('127.0.0.1', consolePort, tlsCert !== undefined)
  const answer = await exchange(`${url}/health`, { timeoutMs: answerMsMax }).catch(() => undefined)
  if (answer?.status !== 200)
    throw new Failure(`no console answers at ${url}: \`longitude up\` starts one, or \`longitude console\``)
  const address = consoleAddress(url, tokenOf(options))
  console.log(json ? JSON.stringify({ url: address }) : address)
}

function tokenOf(options: Options): string {
  const token = foundToken(options)
  if (token !== undefined) return token
  throw new Failure('the console needs the token of the administration: --admin-token-file, or --data of what runs')
}

async function serve(command: Command, json: boolean, parent: Parent): Promise<void> {
  requireDescriptors(nodeDescriptorsMin, 'the console')
  const options = readOptionsFound(command, optionsOf.console)
  const { upstream, basePort, consoleHost: host, consolePort: port = consolePortAt(basePort), hostNames } = options
  const endpoints = upstream.length === 0 ? endpointsAsked(options) : byRegion(upstream)
  const token = tokenOf(options)
  const known = readRegions(options.regionsFolder)
  const log = await roleLog({ ...options, fields: { process: 'console' }, descriptor: 2, json })
  watchTurns({ meter: unmeasured, log })
  const tls = endpointTls(options, log)
  const regions = Object.entries(endpoints).map(([region, endpoint]) => [region, endpoint, token] as const)
  const links = linksControlOf(options)
  const access = watchAccess(options, log)
  const signer = signerOf(access, keyOf(process.env))
  const wire = new Wire(signer)
  const data = resolve(options.data)
  const place = (name: string) => known.all.find((region) => region.name === name)
  const supervisor = () => controlOf({ ...options, data })
  const own = await Console.open({
    host,
    port,
    key: consoleKey(token),
    tls,
    hostNames,
    files: readStaticFiles(),
    deployment: { regions, nodes: nodeEndpointsOf(data), links, published: byRegion(options.peerEndpoint), place },
    reach: { regions, links, wire, supervisor, access: { identities: access.identities, mode: options.access } },
    drills: drillsOf(data, () => environmentOf(signer(), token)),
    about: () => ({ name: nameOf(options), version, ...asOf(signer()) }),
  })
  log.info('the console is open', { host, port: own.port, regions: Object.keys(endpoints) })
  // For a person alone: the key must be in no log.
  if (process.stdout.isTTY) console.log(consoleAddress(endpointAt('127.0.0.1', own.port, tls !== undefined), token))
  parent.ready()
  await serveUntilEnd(parent, log, async () => {
    await own.close()
    access.stop()
    wire.close()
  })
}

function nameOf({ name, data }: Options): string {
  return name ?? resolve(data)
}

const asOf = ({ as }: Signer) => (as === undefined ? {} : { as })

/** How the console starts a drill, and where it keeps the report. */
function drillsOf(data: string, environment: () => NodeJS.ProcessEnv): DrillProgram {
  return { program: ownProgram().slice(1), data, reports: join(data, 'drill-reports'), environment }
}

/** Of a drill: what it signs with, and the token of the administration, which no other user of this machine may read. */
function environmentOf({ accessKeyId, secretAccessKey }: Signer, token: string): NodeJS.ProcessEnv {
  return {
    ...withoutOwnVariables(process.env),
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    LONGITUDE_ADMIN_TOKEN: token,
  }
}

/** Where signatures are not verified. */
function keyOf(environment: NodeJS.ProcessEnv) {
  const { AWS_ACCESS_KEY_ID: accessKeyId = 'console', AWS_SECRET_ACCESS_KEY: secretAccessKey = 'console' } = environment
  return { accessKeyId, secretAccessKey }
}
