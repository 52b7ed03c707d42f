/** The control of a running `longitude up`, for programs that may read its data folder. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type AdminTokenOptions, foundToken } from '../../deployment/secrets/admin-token.ts'
import { ask } from '../../deployment/control/control-calls.ts'
import { readJsonFile } from '../../process/files/json-file.ts'
import {
  type ControlFile,
  controlFile,
  controlFileName,
  type Diagnosis,
  type Fault,
  type FaultRequest,
  type Part,
  type RegionState,
  supervisorCalls,
} from './supervisor-calls.ts'

/** Regions that were killed start again meanwhile. */
const answerMsMax = 60_000

export type ControlClient = {
  readonly endpoints: Readonly<Record<string, string>>
  /** Where the links are controlled. */
  readonly links: string
  states(): Promise<readonly RegionState[]>
  diagnosis(): Promise<Diagnosis>
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
  const url = `${file.scheme}://127.0.0.1:${file.port}`
  const at = { url, token, timeoutMs: answerMsMax, whom: `\`longitude up\` on ${data}` }
  return {
    endpoints: file.nodes,
    links: file.links,
    states: async () => (await ask(supervisorCalls.regions, {}, at)).regions,
    diagnosis: () => ask(supervisorCalls.diagnosis, {}, at),
    break: (request) => ask(supervisorCalls.break, request, at),
    heal: async (of) => {
      const { healed } = await ask(supervisorCalls.heal, of, at)
      return healed.map(({ region, part, kind }) => `${kind} ${part} of ${region}`)
    },
    lease: async (owner, forMs) => {
      await ask(supervisorCalls.lease, { owner, forMs }, at)
    },
  }
}

function readControlFile(path: string): ControlFile | undefined {
  return existsSync(path) ? readJsonFile(path, controlFile) : undefined
}
