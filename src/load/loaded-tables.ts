/** The tables that are loaded into, through the API like any client. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { BackOff, spread } from '../core/back-off.ts'
import { NoAnswer, type Place, Refusal, Wire } from '../drills/run/load/wire.ts'
import { Failure } from '../process/failure.ts'

const described = z.object({
  Table: z.object({
    TableStatus: z.string(),
    KeySchema: z.array(z.object({ AttributeName: z.string() })),
    AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.string() })),
  }),
})

/** Names and types of the key attributes of a table. */
export type Keys = ReadonlyMap<string, string>

type Body = Readonly<Record<string, unknown>>

const answerMsMax = 30_000
const triesMax = 20
const activeMsMax = 15 * 60 * 1000
/** What DynamoDB says may be asked again. */
const again: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'InternalServerError',
  'ServiceUnavailable',
  'ServiceUnavailableException',
])

export class Target {
  readonly #wire = new Wire()
  readonly place: Place

  constructor(place: Place) {
    this.place = place
  }

  close(): void {
    this.#wire.close()
  }

  /** Tries again what may be; rejects with a Refusal, or a Failure where nothing answers for long. */
  async ask(operation: string, body: Body): Promise<Body> {
    const backOff = new BackOff(50, 5000)
    for (let tries = 0; ; tries++) {
      try {
        return await this.#wire.send(this.place, operation, body, answerMsMax)
      } catch (error) {
        const mayTry = error instanceof NoAnswer || (error instanceof Refusal && again.has(error.type))
        if (!mayTry) throw error
        if (tries >= triesMax) throw new Failure(`${this.place.endpoint} does not take it: ${error.message}`)
        await sleep(spread(backOff.next(), Math.random()))
      }
    }
  }

  /** Undefined where there is no such table. */
  async keysOf(table: string): Promise<Keys | undefined> {
    try {
      const { Table } = described.parse(await this.ask('DescribeTable', { TableName: table }))
      const types = new Map(Table.AttributeDefinitions.map((each) => [each.AttributeName, each.AttributeType]))
      return new Map(Table.KeySchema.map(({ AttributeName: name }) => [name, types.get(name) ?? 'S']))
    } catch (error) {
      if (error instanceof Refusal && error.type === 'ResourceNotFoundException') return undefined
      throw error
    }
  }

  /** Makes a table, unless it is there, and waits until it is ACTIVE. */
  async create(input: Body): Promise<void> {
    try {
      await this.ask('CreateTable', input)
    } catch (error) {
      if (!(error instanceof Refusal) || error.type !== 'ResourceInUseException') throw error
    }
    for (const sinceMs = Date.now(); Date.now() - sinceMs < activeMsMax;) {
      const { Table } = described.parse(await this.ask('DescribeTable', { TableName: input['TableName'] }))
      if (Table.TableStatus === 'ACTIVE' || Table.TableStatus === 'UPDATING') return
      await sleep(100)
    }
    throw new Failure(`${String(input['TableName'])} is not ACTIVE after ${activeMsMax / 60_000} minutes`)
  }
}
