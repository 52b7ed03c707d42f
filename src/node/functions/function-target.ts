/** What runs a function, and what all kinds of it have in common. */
import type { Log } from '../../ports/log.ts'
import type { InvocationContext, Invoked } from '../../ports/functions.ts'

export interface Target {
  /** Never rejects; ends within the function's time and a little more. */
  invoke(event: Buffer, about: InvocationContext): Promise<Invoked>
  stop(): void
}

/** What every function gets to know of its surroundings. */
export type Surroundings = {
  readonly region: string
  /** The address of the region, once it listens: no function runs before, and asks another one. */
  readonly endpoint: Promise<string>
  readonly log: Log
  /** The program of this node, to start others of its processes. */
  readonly program: readonly string[]
}

export type RunSettings = {
  readonly name: string
  readonly timeout: number
  readonly memory: number
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
}

/** Of this process's environment nothing but where programs are: a handler is given no secrets of the node. */
export async function environmentOf(
  { name, memory, environment }: RunSettings,
  { region, endpoint }: Surroundings,
): Promise<NodeJS.ProcessEnv> {
  const { PATH, HOME, LANG, TZ, TMPDIR } = process.env
  const given = { PATH, HOME, LANG, TZ, TMPDIR }
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: 'longitude',
    AWS_SECRET_ACCESS_KEY: 'longitude',
    AWS_ENDPOINT_URL_DYNAMODB: await endpoint,
    AWS_ENDPOINT_URL_DYNAMODB_STREAMS: await endpoint,
    AWS_ENDPOINT_URL_LAMBDA: await endpoint,
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    ...environment,
  }
}
