/** The function of a drill's triggers: an address that speaks Lambda's Invoke, and notes each record that it is given as a side effect. */
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { stringify } from 'yaml'
import { z } from 'zod'
import { drillOperationsMax } from '../../../core/limits/limits.ts'
import { invokePayloadBytesMax } from '../../../core/limits/trigger-limits.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import type { EffectsRecord } from '../../definition/drill-record.ts'
import { nowMs } from '../time.ts'

type Handled = EffectsRecord['handled'][number]

const host = '127.0.0.1'
const timeoutSeconds = 10
const event = z.object({
  Records: z.array(
    z.object({
      eventID: z.string(),
      awsRegion: z.string(),
      eventSourceARN: z.string(),
      dynamodb: z.object({ Keys: z.object({ id: z.object({ S: z.string() }) }) }),
    }),
  ),
})

export class EffectsReceiver {
  /** In the order in which they came. */
  readonly handled: Handled[] = []
  readonly #server: Server
  /** Of the drill's table; what another table's trigger sends is not noted. */
  #table: string | undefined

  private constructor(server: Server) {
    this.#server = server
  }

  /** Port 0 is any free one. Throws a Failure where it cannot listen. */
  static async open(port: number): Promise<EffectsReceiver> {
    const server = createServer((request, response) => {
      receiver.#receive(request).then(
        () => response.writeHead(200, { 'content-type': 'application/json' }).end('null'),
        () => response.writeHead(400).end(),
      )
    })
    const receiver = new EffectsReceiver(server)
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(new Failure(`the drill cannot receive side effects: ${messageOf(error)}`)))
      server.listen(port, host, resolve)
    })
    return receiver
  }

  get url(): string {
    return `http://${host}:${(this.#server.address() as AddressInfo).port}`
  }

  get isFull(): boolean {
    return this.handled.length >= drillOperationsMax
  }

  /** The file of functions of regions that are the drill's own. */
  writeFunctionFile(path: string, name: string): void {
    writeFileSync(path, stringify({ functions: { [name]: { url: this.url, timeout: timeoutSeconds } } }))
  }

  listenFor(table: string): void {
    this.#table = table
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #receive(request: IncomingMessage): Promise<void> {
    const { Records } = event.parse(JSON.parse(await bodyOf(request)))
    const atMs = nowMs()
    for (const { eventID, awsRegion, eventSourceARN, dynamodb } of Records)
      if (eventSourceARN.includes(`:table/${this.#table}/stream/`) && !this.isFull)
        this.handled.push({ region: awsRegion, eventId: eventID, key: dynamodb.Keys.id.S, atMs })
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let sizeBytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    sizeBytes += part.length
    if (sizeBytes > invokePayloadBytesMax) throw new Error('more than an event may be')
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}
