/** A server with operations of the test's own: what the wire does does not depend on an engine. */
import { timings } from '../../../src/core/table/waits.ts'
import { randomUUID } from 'node:crypto'
import { prometheusMeter } from '../../../src/adapters/metrics/prometheus-meter.ts'
import { systemClock } from '../../../src/adapters/system/clocks.ts'
import { systemRandom } from '../../../src/adapters/system/random.ts'
import { type ServerOptions, startServer } from '../../../src/http/server.ts'
import type { RunningServer } from '../../../src/http/server.ts'
import type { Operation, OperationContext } from '../../../src/operations/operation.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import { apiHeaders } from '../../conformance/raw-request.ts'
import type { Log } from '../../../src/ports/log.ts'

export type LoggedLine = { readonly level: string; readonly event: string; readonly fields: unknown }

export type TestServer = RunningServer & { readonly logged: LoggedLine[] }

export async function serverWith(
  operations: readonly Operation[],
  options: Partial<ServerOptions> = {},
  clock: Clock = systemClock,
  regions: readonly string[] = ['us-east-1', 'eu-west-1'],
): Promise<TestServer> {
  const logged: LoggedLine[] = []
  const meter = prometheusMeter()
  const context = {
    engine: {},
    env: { clock, random: systemRandom, log: logInto(logged), meter },
    settings: {
      accountId: '000000000000',
      region: 'us-east-1',
      regions,
      timing: timings.instant,
      streamRetentionMs: 0,
    },
  } as unknown as OperationContext
  const byName = new Map(operations.map((operation) => [operation.name, operation]))
  const server = await startServer({
    port: 0,
    context,
    operations: byName,
    readiness: () => ({ ready: true }),
    metrics: async () => ({ contentType: meter.contentType, text: await meter.render() }),
    ...options,
  })
  return { ...server, logged }
}

/** An operation without checks that prepares nothing. */
export function answering(name: string, run: (input: never) => unknown): Operation {
  return {
    name,
    kind: 'read',
    checks: [],
    prepare: (input) => input,
    touches: () => [],
    run: (input) => run(input as never),
  }
}

/** Answers with what arrives at an operation. */
export const echo = (name: string): Operation => answering(name, (input) => ({ input }))

/** The status and body of a reply to a request that comes by no connection. */
export async function asked(server: Pick<RunningServer, 'answer'>, operation: string, input: object): Promise<string> {
  const body = Buffer.from(JSON.stringify(input))
  const headers = Object.fromEntries(
    Object.entries({ Host: 'localhost', ...apiHeaders(operation) }).map(([name, value]) => [name.toLowerCase(), value]),
  )
  return await new Promise((resolve) => {
    server.answer(
      { url: '/', headers, rawHeaders: () => Object.entries(headers).flat(), body, payload: body },
      (_, { status, bytes }) => resolve(`${status} ${bytes.toString()}`),
    )
  })
}

export const newName = (): string => `t-${randomUUID()}`

function logInto(lines: LoggedLine[]): Log {
  const at =
    (level: string) =>
    (event: string, fields: unknown = {}): void =>
      void lines.push({ level, event, fields })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), with: () => logInto(lines) }
}
