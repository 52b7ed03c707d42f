/** What stands in the place of Kinesis data streams: a subject of NATS, or a file. A connection is kept for as long as it lasts. */
import { resolve } from 'node:path'
import { headers, type NatsConnection } from '@nats-io/transport-node'
import { connectOnce } from '../../adapters/nats/nats-connect.ts'
import { destinationMsMax } from '../../core/trigger-limits.ts'
import type { DataStreams } from '../../ports/functions.ts'
import { appendLines, natsServerOf, refusalOf } from './destination-targets.ts'
import type { DataStreamTarget, FunctionFile } from './function-file.ts'

type Records = Parameters<DataStreams['put']>[1]
type Subject = Extract<DataStreamTarget, { nats: string }>

export class DataStreamTargets implements DataStreams {
  readonly #targets: ReadonlyMap<string, DataStreamTarget>
  readonly #folder: string
  readonly #region: string
  readonly #connections = new Map<string, Promise<NatsConnection>>()

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
        (each) => void each.close(),
        () => undefined,
      )
    this.#connections.clear()
  }

  async #publish(target: Subject, records: Records): Promise<void> {
    const connection = await this.#connectionTo(target.nats)
    try {
      if (target.jetstream) await Promise.all(records.map(async (record) => await stored(connection, target, record)))
      else await taken(connection, target, records)
    } catch (error) {
      this.#connections.delete(target.nats)
      await connection.close()
      throw error
    }
  }

  async #connectionTo(url: string): Promise<NatsConnection> {
    const known = this.#connections.get(url)
    if (known !== undefined) {
      const connection = await known
      if (!connection.isClosed()) return connection
    }
    const made = connectOnce(this.#region, natsServerOf(url), 'data stream')
    this.#connections.set(url, made)
    made.catch(() => this.#connections.delete(url))
    return await made
  }
}

const textOf = ({ body }: Records[number]): string => body.toString()

/** A stream of JetStream on the subject leaves out what it has had under the same id lately. */
function headersOf({ id }: Records[number]) {
  const made = headers()
  made.set('Nats-Msg-Id', id)
  return made
}

/** Resolves when the server has all of them. One that does not let the user publish says so before it answers the flush. */
async function taken(connection: NatsConnection, { subject }: Subject, records: Records): Promise<void> {
  const refusal = refusalOf(connection)
  for (const record of records) connection.publish(subject, new Uint8Array(record.body), { headers: headersOf(record) })
  await connection.flush()
  const error = await Promise.race([refusal, Promise.resolve(undefined)])
  if (error !== undefined) throw error
}

/** Resolves when a stream of JetStream has stored it. */
async function stored(connection: NatsConnection, { subject }: Subject, record: Records[number]): Promise<void> {
  const options = { timeout: destinationMsMax, headers: headersOf(record) }
  const reply = await connection.request(subject, new Uint8Array(record.body), options)
  const { error } = reply.json<{ readonly error?: { readonly description?: string } }>()
  if (error !== undefined) throw new Error(`the stream on ${subject} refuses: ${error.description}`)
}
