/**
 * What `longitude up` lets a drill do, over the loopback. It is as strong as a shell of the person who runs the regions, so
 * it asks for the deployment's token, which only that person can read. The port lies in the data folder.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import { controlConnectionsMax } from '../core/limits.ts'
import { controlRefusal } from '../http/administration.ts'
import { boundHeads, headSettings, refusedHead } from '../http/heads.ts'
import { Failure, messageOf } from '../process/failure.ts'
import { jsonBodyOf } from '../process/json-body.ts'
import { wrongShape } from '../process/wrong-shape.ts'
import type { Faults } from './faults.ts'

export const controlFileName = 'control.json'

export type ControlFile = {
  readonly port: number
  readonly links: string
  readonly nodes: Readonly<Record<string, string>>
}

export type ControlServerOptions = {
  readonly data: string
  readonly token: string
  readonly faults: Faults
  /** Where the links are controlled. */
  readonly links: string
  readonly endpoints: Readonly<Record<string, string>>
}

export type ControlServer = { close(): Promise<void> }

const bodySizeBytesMax = 64 * 1024
const faultMsMax = 24 * 60 * 60 * 1000
const part = z.enum(['node', 'nats'])
const faultRequest = z.strictObject({
  owner: z.string().min(1),
  region: z.string(),
  part,
  kind: z.enum(['kill', 'stop', 'freeze', 'wipe', 'clock']),
  forMs: z.number().positive().max(faultMsMax),
  offsetMs: z.number().optional(),
})
const healRequest = z.strictObject({
  owner: z.string().optional(),
  region: z.string().optional(),
  part: part.optional(),
})
const leaseRequest = z.strictObject({ owner: z.string().min(1), forMs: z.number().min(0).max(faultMsMax) })

export async function startControlServer({
  data,
  token,
  faults,
  links,
  endpoints,
}: ControlServerOptions): Promise<ControlServer> {
  const answers: Readonly<Record<string, (body: unknown) => unknown>> = {
    'GET /regions': () => ({ regions: faults.states, faults: faults.active }),
    'POST /faults': async (body) => await faults.break(faultRequest.parse(body)),
    'POST /heal': async (body) => ({ healed: await faults.heal(healRequest.parse(body)) }),
    'POST /lease': (body) => {
      const { owner, forMs } = leaseRequest.parse(body)
      faults.lease(owner, forMs)
      return {}
    },
  }
  const server = createServer(headSettings, (request, response) => {
    if (!refusedHead(request, response)) void serve(request, response, { token, answers })
  })
  boundHeads(server)
  server.maxConnections = controlConnectionsMax
  await listening(server)
  const path = join(data, controlFileName)
  const file: ControlFile = { port: (server.address() as AddressInfo).port, links, nodes: endpoints }
  try {
    rmSync(path, { force: true })
    writeFileSync(path, JSON.stringify(file), { mode: 0o600 })
  } catch (error) {
    server.close()
    throw new Failure(`the data folder ${data} cannot be written: ${messageOf(error)}`)
  }
  return {
    close: async () => {
      rmSync(path, { force: true })
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

async function listening(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ host: '127.0.0.1', port: 0 }, resolve)
  })
}

type Service = {
  readonly token: string
  readonly answers: Readonly<Record<string, (body: unknown) => unknown>>
}

async function serve(request: IncomingMessage, response: ServerResponse, { token, answers }: Service): Promise<void> {
  const reply = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  try {
    const refused = controlRefusal(request.headers, { token, address: request.socket.localAddress })
    if (refused !== undefined) return reply(403, { error: refused })
    const answer = answers[`${request.method} ${request.url}`]
    if (answer === undefined) return reply(404, { error: `no ${request.method} ${request.url}` })
    reply(200, await answer(await jsonBodyOf(request, bodySizeBytesMax)))
  } catch (error) {
    const asked = error instanceof Failure || error instanceof z.ZodError
    reply(asked ? 400 : 500, { error: error instanceof z.ZodError ? wrongShape(error) : messageOf(error) })
  }
}
