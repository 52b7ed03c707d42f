/**
 * `longitude vantage ap-southeast-2`: local ports through which an application reaches every region's API as late as if it
 * ran there, until Ctrl-C. The same links as between the regions, in this process, with a control of their own.
 */
import type { Command } from 'commander'
import { adminToken } from '../../../deployment/secrets/admin-token.ts'
import { byRegion } from '../../options/addresses.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { endpointsAsked } from '../../../deployment/endpoints.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { startLinksControl } from '../../../links/control/links-server.ts'
import { Links } from '../../../links/links.ts'
import type { LinkPlan } from '../../../links/links.ts'
import { delayText } from '../../../links/quantities.ts'
import { plainShape } from '../../../links/lane/link-shape.ts'
import { childOf } from '../../../process/process-end.ts'
import { readRegions } from '../../../deployment/regions.ts'
import { endpointAt, unmeasuredRoundTripMs } from '../../../deployment/layout.ts'
import { tableText } from '../../../process/table-text.ts'

const firstPortOffset = 800
const controlOffset = 99

type View = {
  readonly region: string
  /** Where the application dials. */
  readonly endpoint: string
  readonly roundTripMs: number
  /** What is behind it. */
  readonly leadsTo: string
}

type Chosen = { readonly upstream: readonly unknown[]; readonly basePort: number }

export async function runVantage(command: Command, json: boolean): Promise<void> {
  const parent = childOf()
  const options = readOptionsFound(command, optionsOf.vantage)
  const known = readRegions(options.regionsFolder)
  const vantage = known.named(command.args[0] ?? '')
  const { host } = options
  const endpoints =
    options.upstream.length === 0 ? endpointsAsked({ ...options, host: '127.0.0.1' }) : byRegion(options.upstream)
  const first = options.vantagePort ?? firstPortOf(options, endpoints)
  if (Object.keys(endpoints).length > controlOffset) throw new Failure(`at most ${controlOffset} regions`)
  const plans = Object.entries(endpoints).map(([region, endpoint], n): LinkPlan => {
    const roundTripMs = known.roundTripMs(vantage.name, region) ?? unmeasuredRoundTripMs
    return {
      from: vantage.name,
      to: region,
      listen: { host, port: first + n },
      target: addressOf(endpoint),
      shape: { ...plainShape, roundTripMs },
    }
  })
  const links = await Links.open(plans).catch((error: unknown) => {
    throw new Failure(`${messageOf(error)}; --vantage-port chooses other ports`)
  })
  const listen = { host: '127.0.0.1', port: first + controlOffset }
  const control = await startLinksControl({ links, listen, token: adminToken(options) }).catch(
    async (error: unknown) => {
      await links.close()
      throw error
    },
  )
  const views = plans.map(({ to, listen: at, shape }): View => ({
    region: to,
    endpoint: endpointAt(host, at.port, endpoints[to]?.startsWith('https:')),
    roundTripMs: shape.roundTripMs,
    leadsTo: endpoints[to] ?? '',
  }))
  const controlUrl = endpointAt(listen.host, control.port)
  if (json) console.log(JSON.stringify({ vantage: vantage.name, regions: views, control: controlUrl }))
  else console.log(textOf(vantage, views, controlUrl))
  parent.ready()
  await parent.end
  await Promise.all([control.close(), links.close()])
  parent.exit()
}

/** Above the base port of the regions that run on the data folder, so that the vantages of two such runs do not meet. */
function firstPortOf({ upstream, basePort }: Chosen, endpoints: Readonly<Record<string, string>>): number {
  const [first] = Object.values(endpoints)
  if (upstream.length > 0 || first === undefined) return basePort + firstPortOffset
  return addressOf(first).port + firstPortOffset
}

function textOf(
  { name, city }: { readonly name: string; readonly city: string },
  views: readonly View[],
  control: string,
): string {
  const rows = views.map(({ region, endpoint, roundTripMs, leadsTo }) => [
    region,
    endpoint,
    delayText(roundTripMs).replace('ms', ' ms'),
    leadsTo,
  ])
  const [first] = views
  return [
    '',
    tableText(['REGION', `ENDPOINT FROM ${city.toUpperCase()}`, 'ROUND TRIP', 'LEADS TO'], rows),
    '',
    `  longitude links set ${name}..${first?.region} --down --for 30s --control ${control}`,
    '',
    'Ctrl-C ends it.',
  ].join('\n')
}

function addressOf(endpoint: string): { readonly host: string; readonly port: number } {
  const { protocol, hostname, port } = new URL(endpoint)
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port),
  }
}
