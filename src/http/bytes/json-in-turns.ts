/** JSON of a large answer, put together in several turns of the event loop. */
import { jsonMembersAtOnceMax } from '../../core/limits/limits.ts'

/** Deeper than this an answer has only what is small. */
const depthMax = 4

export async function jsonInTurns(value: unknown): Promise<string> {
  const writer = new JsonWriter()
  await writer.write(value, 0)
  return writer.text
}

class JsonWriter {
  readonly #parts: string[] = []
  #members = 0

  get text(): string {
    return this.#parts.join('')
  }

  async write(value: unknown, depth: number): Promise<void> {
    if (Array.isArray(value) && depth < depthMax) return await this.#list(value, depth)
    if (isPlain(value) && depth < depthMax) return await this.#object(value, depth)
    this.#parts.push(JSON.stringify(value) ?? 'null')
  }

  async #list(values: readonly unknown[], depth: number): Promise<void> {
    this.#parts.push('[')
    for (const [at, value] of values.entries()) {
      if (at > 0) this.#parts.push(',')
      await this.#member(value, depth)
    }
    this.#parts.push(']')
  }

  async #object(value: Readonly<Record<string, unknown>>, depth: number): Promise<void> {
    this.#parts.push('{')
    let first = true
    for (const [name, member] of Object.entries(value)) {
      if (member === undefined) continue
      this.#parts.push(`${first ? '' : ','}${JSON.stringify(name)}:`)
      first = false
      await this.#member(member, depth)
    }
    this.#parts.push('}')
  }

  async #member(value: unknown, depth: number): Promise<void> {
    if (++this.#members % jsonMembersAtOnceMax === 0)
      await new Promise<void>((resolve) => {
        setImmediate(resolve)
      })
    await this.write(value, depth + 1)
  }
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !('toJSON' in value) && !Array.isArray(value)
}
