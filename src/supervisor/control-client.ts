/** The control of a running `longitude up`, for whoever may read its data folder. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type AdminTokenOptions, foundToken } from '../deployment/secrets/admin-token.ts'
import { adminHeaders } from '../deployment/endpoints.ts'
import { Failure, messageOf } from '../process/failure.ts'
import { controlFileName } from './control-server.ts'
import type { Fault, FaultRequest, Part } from './faults.ts'

const controlFile = z.object({
  port: z.number(),
  links: z.string(),
  nodes: z.record(z.string(), z.string()),
})
const states = z.object({
  regions: z.array(z.object({ region: z.string(), node: z.string(), nats: z.string() })),
})
const fault = z.looseObject({ id: z.number(), startedMs: z.number(), endsMs: z.number() })
const healed = z.object({ healed: z.array(z.looseObject({ region: z.string(), part: z.string(), kind: z.string() })) })
/** Regions that were killed start again meanwhile. */
const answerMsMax = 60_000

export type ControlClient = {
  readonly endpoints: Readonly<Record<string, string>>
  /** Where the links are controlled. */
  readonly links: string
  states(): Promise<z.output<typeof states>['regions']>
  break(request: FaultRequest): Promise<Pick<Fault, 'id' | 'startedMs' | 'endsMs'>>
  heal(of: { readonly owner?: string; readonly region?: string; readonly part?: Part }): Promise<readonly string[]>
  lease(owner: string, forMs: number): Promise<void>
}

/** Undefined when nothing runs on the folder; throws a Failure when that cannot be told. */
export function controlOf(options: AdminTokenOptions): ControlClient | undefined {
  const { data } = options
  const file = readControlFile(join(data, controlFileName))
  const token = file === undefined ? undefined : foundToken(options)
  if (file === undefined || token === undefined) return undefined
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${file.port}${path}`, {
      method,
      headers: { ...adminHeaders(token), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerMsMax),
    }).catch((error: unknown) => {
      throw new Failure(`\`longitude up\` on ${data} does not answer: ${messageOf(error)}`)
    })
    const told = (await answer.json()) as { readonly error?: string }
    if (!answer.ok) throw new Failure(told.error ?? `\`longitude up\` answers ${answer.status}`)
    return told
  }
  return {
    endpoints: file.nodes,
    links: file.links,
    states: async () => states.parse(await ask('GET', '/regions')).regions,
    break: async (request) => fault.parse(await ask('POST', '/faults', request)),
    heal: async (of) => {
      const answer = healed.parse(await ask('POST', '/heal', of))
      return answer.healed.map(({ region, part, kind }) => `${kind} ${part} of ${region}`)
    },
    lease: async (owner, forMs) => {
      await ask('POST', '/lease', { owner, forMs })
    },
  }
}

function readControlFile(path: string): z.output<typeof controlFile> | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
  return controlFile.parse(JSON.parse(text))
}
