/** The running regions, as the commands of an operator find them: by the data folder, else by the ports that `up` would give them. */
import { resolve } from 'node:path'
import { type AdminTokenOptions, foundToken } from './secrets/admin-token.ts'
import { endpointsOf, type NodeEndpoints, nodeEndpointsOf } from './data-folder.ts'
import { exchange } from '../process/requests/exchange.ts'
import { Failure, messageOf } from '../process/failure.ts'
import { readRegions } from './regions.ts'
import { endpointAt } from './layout.ts'

export type Asked = {
  readonly data: string
  readonly regions: readonly string[]
  readonly basePort: number
  readonly host: string
  /** The ports were named, and no folder: what runs on the usual folder is not meant. */
  readonly byPorts?: boolean
  /** Who names an authority asks by HTTPS, where nothing says how the regions are asked. */
  readonly tlsCa?: string | undefined
}

export function endpointsAsked(options: Asked): Readonly<Record<string, string>> {
  const found = options.byPorts === true ? undefined : endpointsOf(resolve(options.data))
  return found ?? byPorts(options)
}

/** Where the nodes of regions of several are asked. */
export function nodesAsked({ data, byPorts: isByPorts }: Asked): NodeEndpoints {
  return isByPorts === true ? {} : nodeEndpointsOf(resolve(data))
}

/** A region, its endpoint, and the token that it wants for administration. */
export type Administered = readonly [region: string, endpoint: string, token: string | undefined]

export function regionsAdministered(options: Asked & AdminTokenOptions): readonly Administered[] {
  const token = foundToken(options)
  return Object.entries(endpointsAsked(options)).map(([region, endpoint]) => [region, endpoint, token])
}

/** A region did not answer at all: what is asked for there is not known. */
export class Unanswered extends Failure {}

/** A region's answer below /admin/; throws a Failure that says what the region has to say. */
export async function askAdmin(
  [region, endpoint, token]: Administered,
  path: string,
  { body, timeoutMs = answerMsMax }: { readonly body?: unknown; readonly timeoutMs?: number } = {},
): Promise<unknown> {
  let text: string
  try {
    const given = body === undefined ? {} : { body: JSON.stringify(body) }
    const json = body === undefined ? {} : { 'content-type': 'application/json' }
    const headers = { ...adminHeaders(token), ...json }
    const answer = await exchange(`${endpoint}/admin/${path}`, { headers, ...given, timeoutMs })
    text = answer.text
    if (answer.status === 200) return JSON.parse(text) as unknown
  } catch (error) {
    throw new Unanswered(`${region} at ${endpoint} does not answer: ${messageOf(error)}`)
  }
  throw new Failure(`${region}: ${sentenceOf(text)}`)
}

const answerMsMax = 5000

/** What a request for administration brings. */
export function adminHeaders(token: string | undefined): Readonly<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` }
}

function byPorts({ regions, basePort, host, tlsCa }: Asked): Readonly<Record<string, string>> {
  const known = readRegions()
  return Object.fromEntries(
    regions.map((name, index) => [known.named(name).name, endpointAt(host, basePort + index, tlsCa !== undefined)]),
  )
}

function sentenceOf(text: string): string {
  try {
    const { error, message } = JSON.parse(text) as { readonly error?: string; readonly message?: string }
    return message ?? error ?? text
  } catch {
    return text
  }
}
