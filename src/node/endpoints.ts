/** The running regions, as the commands of an operator find them: by the data folder, else by the ports that `up` would give them. */
import { resolve } from 'node:path'
import { endpointsOf } from './data-folder.ts'
import { Failure, messageOf } from './failure.ts'
import { readRegions } from './regions.ts'
import { endpointAt } from './supervisor/layout.ts'

export type Asked = {
  readonly data: string
  readonly regions: readonly string[]
  readonly basePort: number
  readonly host: string
}

export function endpointsAsked(options: Asked): Readonly<Record<string, string>> {
  return endpointsOf(resolve(options.data)) ?? byPorts(options)
}

/** A region's answer below /admin/; throws a Failure that says what the region has to say. */
export async function askAdmin(
  [region, endpoint]: readonly [string, string],
  path: string,
  ask: { readonly body?: unknown; readonly timeoutMs?: number } = {},
): Promise<unknown> {
  const { body, timeoutMs = answerMsMax } = ask
  const request = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) }
  let text: string
  try {
    const answer = await fetch(`${endpoint}/admin/${path}`, { ...request, signal: AbortSignal.timeout(timeoutMs) })
    text = await answer.text()
    if (answer.ok) return JSON.parse(text) as unknown
  } catch (error) {
    throw new Failure(`${region} at ${endpoint} does not answer: ${messageOf(error)}`)
  }
  throw new Failure(`${region}: ${sentenceOf(text)}`)
}

const answerMsMax = 5000
const headers = { 'content-type': 'application/json' }

function byPorts({ regions, basePort, host }: Asked): Readonly<Record<string, string>> {
  const known = readRegions()
  return Object.fromEntries(regions.map((name, index) => [known.named(name).name, endpointAt(host, basePort + index)]))
}

function sentenceOf(text: string): string {
  try {
    const { error, message } = JSON.parse(text) as { readonly error?: string; readonly message?: string }
    return message ?? error ?? text
  } catch {
    return text
  }
}
