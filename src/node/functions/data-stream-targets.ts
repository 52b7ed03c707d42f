/** What stands in the place of Kinesis data streams: a subject of NATS, or a file. A connection is kept for as long as it lasts. */
import { resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { headers, type NatsConnection } from '@nats-io/transport-node'
import { connectOnce } from '../../adapters/nats/nats-connect.ts'
import { destinationMsMax } from '../../core/limits/trigger-limits.ts'
import type { DataStreams } from '../../ports/functions.ts'
import { appendLines, natsServerOf } from './destination-targets.ts'
import type { DataStreamTarget, FunctionFile } from './function-file.ts'

type Records = Parameters<DataStreams['put']>[1]
type Subject = Extract<DataStreamTarget, { nats: string }>

export class DataStreamTargets implements DataStreams {
  readonly #targets: ReadonlyMap<string, DataStreamTarget>
  readonly #folder: string
  readonly #region: string
  readonly #connections = new Map<string, Promise<Kept>>()

  constructor({ streams, folder }: Pick<FunctionFile, 'streams' | 'folder'>, region: string) {
    this.#targets = new Map(Object.entries(streams))
    this.#folder = folder
    this.#region = region
  }

  has(arn: string): boolean {
    return this.#targets.has(arn)
  }

  async put(arn: string, records: Records): Promise<void> {
    const target = this.#targets.get(arn)
    if (target === undefined) throw new Error(`the file of functions maps ${arn} to nothing`)
    if ('file' in target) return await appendLines(resolve(this.#folder, target.file), records.map(textOf))
    await this.#publish(target, records)
  }

  stop(): void {
    for (const connection of this.#connections.values())
      connection.then(
        ({ connection: each }) => void each.close(),
        () => undefined,
      )
    this.#connections.clear()
  }

  async #publish(target: Subject, records: Records): Promise<void> {
    const kept = await this.#connectionTo(target.nats)
    const { connection } = kept
    try {
      if (target.jetstream) await Promise.all(records.map(async (record) => await stored(connection, target, record)))
      else await taken(kept, target, records)
    } catch (error) {
      this.#connections.delete(target.nats)
      void connection.close().catch(() => undefined)
      throw error
    }
  }

  async #connectionTo(url: string): Promise<Kept> {
    const known = await this.#connections.get(url)
    if (known !== undefined && !known.connection.isClosed()) return known
    const made = connected(this.#region, url)
    this.#connections.set(url, made)
    made.catch(() => this.#connections.delete(url))
    return await made
  }
}

/** `refusal`: what the server has last said that the user may not do. */
type Kept = {
  readonly connection: NatsConnection
  refusal: Error | undefined
  /** Flushes that end with the connection. */
  readonly waiting: Set<(error: Error) => void>
}

async function connected(region: string, url: string): Promise<Kept> {
  const connection = await connectOnce(region, natsServerOf(url), 'data stream')
  const kept: Kept = { connection, refusal: undefined, waiting: new Set() }
  void ended(kept)
  void watched(kept)
  return kept
}

const textOf = ({ body }: Records[number]): string => body.toString()

/** A stream of JetStream on the subject leaves out what it has had under the same id lately. */
function headersOf({ id }: Records[number]) {
  const made = headers()
  made.set('Nats-Msg-Id', id)
  return made
}

async function ended({ connection, waiting }: Kept): Promise<void> {
  const error = await connection.closed()
  for (const give of waiting) give(error ?? new Error('the connection to the NATS server is lost'))
}

async function watched(kept: Kept): Promise<void> {
  for await (const status of kept.connection.status()) if (status.type === 'error') kept.refusal = status.error
}

/** Resolves when the server has all of them. One that does not let the user publish says so before it answers the flush. */
async function taken(kept: Kept, { subject }: Subject, records: Records): Promise<void> {
  const { connection } = kept
  for (const record of records) connection.publish(subject, new Uint8Array(record.body), { headers: headersOf(record) })
  await flushed(kept)
  await setImmediate()
  if (kept.refusal !== undefined) throw kept.refusal
}

/** A flush of a connection that closes meanwhile may never end by itself. */
async function flushed({ connection, waiting }: Kept): Promise<void> {
  await new Promise<void>((done, reject) => {
    const settle = (error?: Error): void => {
      waiting.delete(settle)
      if (error === undefined) done()
      else reject(error)
    }
    waiting.add(settle)
    connection.flush().then(() => settle(), settle)
  })
}

/** Resolves when a stream of JetStream has stored it. */
async function stored(connection: NatsConnection, { subject }: Subject, record: Records[number]): Promise<void> {
  const options = { timeout: destinationMsMax, headers: headersOf(record) }
  const reply = await connection.request(subject, new Uint8Array(record.body), options)
  const { error } = reply.json<{ readonly error?: { readonly description?: string } }>()
  if (error !== undefined) throw new Error(`the stream on ${subject} refuses: ${error.description}`)
}
