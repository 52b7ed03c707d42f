/** A client that writes items of its own, one after the other, with the retries of the SDK, and knows which were acknowledged. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

const thinkMs = 25
/** Keys of one BatchGetItem. */
const batchKeysMax = 100

export class Ledger {
  acknowledged = []
  errors = []
  #longestMs = 0
  #lastMs = performance.now()

  constructor({ region, client, TableName }) {
    this.region = region
    this.client = client
    this.TableName = TableName
    this.prefix = randomBytes(4).toString('hex')
  }

  async run(over) {
    for (let n = 0; !over.aborted; n++) {
      const id = `${this.prefix}-${n}`
      try {
        await this.client.putItem({ TableName: this.TableName, Item: { id: { S: id } } })
        this.acknowledged.push(id)
        this.#longestMs = this.longestMs
        this.#lastMs = performance.now()
      } catch ({ name, message }) {
        this.errors.push(`${name}: ${message}`)
      }
      await sleep(thinkMs)
    }
  }

  mark() {
    this.#longestMs = 0
  }

  /** The longest time without an acknowledgement. */
  get longestMs() {
    return Math.round(Math.max(this.#longestMs, performance.now() - this.#lastMs))
  }
}

/** Those of the items that a strongly consistent read does not find. */
export async function missingIn({ client, TableName, ids }) {
  const missing = []
  for (let at = 0; at < ids.length; at += batchKeysMax) {
    const part = ids.slice(at, at + batchKeysMax)
    const Keys = part.map((id) => ({ id: { S: id } }))
    const asked = { [TableName]: { Keys, ConsistentRead: true } }
    const { Responses, UnprocessedKeys } = await client.batchGetItem({ RequestItems: asked })
    const found = new Set(Responses[TableName].map(({ id }) => id.S))
    const left = new Set((UnprocessedKeys?.[TableName]?.Keys ?? []).map(({ id }) => id.S))
    missing.push(...part.filter((id) => !found.has(id) || left.has(id)))
  }
  return missing
}
