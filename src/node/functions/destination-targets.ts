/** Where the reports of dropped records go: a file, an address, or a subject of NATS, in the place of a queue, a topic or a bucket of AWS. */
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { NatsConnection } from '@nats-io/transport-node'
import { connectOnce, type NatsServer } from '../../adapters/nats/nats-connect.ts'
import { destinationMsMax } from '../../core/limits/trigger-limits.ts'
import type { Destinations } from '../../ports/functions.ts'
import type { DestinationTarget, FunctionFile } from './function-file.ts'

type Message = Parameters<Destinations['send']>[1]

export class DestinationTargets implements Destinations {
  readonly #targets: ReadonlyMap<string, DestinationTarget>
  readonly #folder: string
  readonly #region: string

  constructor({ destinations, folder }: Pick<FunctionFile, 'destinations' | 'folder'>, region: string) {
    this.#targets = new Map(Object.entries(destinations))
    this.#folder = folder
    this.#region = region
  }

  has(arn: string): boolean {
    return this.#targets.has(arn)
  }

  async send(arn: string, message: Message): Promise<void> {
    const target = this.#targets.get(arn)
    if (target === undefined) throw new Error(`${arn} is mapped to nothing`)
    if ('file' in target) await append(resolve(this.#folder, target.file), message)
    else if ('url' in target) await post(target.url, arn, message)
    else await publish(target, this.#region, message)
  }
}

/** A line each, which is on the disk when it resolves. */
async function append(path: string, { body, key }: Message): Promise<void> {
  const line =
    key === undefined ? body.toString() : JSON.stringify({ key, object: JSON.parse(body.toString()) as unknown })
  await appendLines(path, [line])
}

/** They are on the disk when it resolves. */
export async function appendLines(path: string, lines: readonly string[]): Promise<void> {
  const file = await open(path, 'a', 0o600)
  try {
    await file.appendFile(lines.map((line) => `${line}\n`).join(''))
    await file.datasync()
  } finally {
    await file.close()
  }
}

async function post(url: string, arn: string, { body, key }: Message): Promise<void> {
  const reply = await fetch(url, {
    method: 'POST',
    body: new Uint8Array(body),
    redirect: 'error',
    signal: AbortSignal.timeout(destinationMsMax),
    headers: {
      'content-type': 'application/json',
      'x-longitude-destination': arn,
      ...(key === undefined ? {} : { 'x-longitude-key': key }),
    },
  })
  await reply.body?.cancel()
  if (!reply.ok) throw new Error(`the destination answers ${reply.status}`)
}

type Subject = Extract<DestinationTarget, { nats: string }>

/** The user and the password stand in the address. */
export function natsServerOf(address: string): NatsServer {
  const { username, password, protocol, host } = new URL(address)
  const credentials = username === '' ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
  return { url: `${protocol}//${host}`, credentials }
}

/** Reports are seldom: each has a connection of its own. It resolves when the server has the message. */
async function publish({ nats, subject }: Subject, region: string, { body }: Message): Promise<void> {
  const connection = await connectOnce(region, natsServerOf(nats), 'destination')
  const refusal = refusalOf(connection)
  try {
    connection.publish(subject, new Uint8Array(body))
    await connection.flush()
  } finally {
    await connection.close()
  }
  const error = await refusal
  if (error !== undefined) throw error
}

/** A server that lets the user not publish says so before it answers the flush. */
async function refusalOf(connection: NatsConnection): Promise<Error | undefined> {
  for await (const status of connection.status()) if (status.type === 'error') return status.error
  return undefined
}
