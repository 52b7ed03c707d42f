/**
 * `longitude streams tail TABLE`: a table's change stream in one region, each record a line of JSON. While the region does not answer, the command waits and goes on
 * where it was.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { beginStream, type From, isOver, readStream } from '../../../console/stream-tail.ts'
import { NoAnswer, type Place, Wire } from '../../../drills/run/load/wire.ts'
import { Failure } from '../../../process/failure.ts'
import { placeOf } from '../../options/place.ts'

const pollMs = 500
const answerMsMax = 10_000

export async function runStreamsTail(command: Command, json: boolean): Promise<void> {
  const { region, from = 'now' } = command.opts<{ region?: string; from?: string }>()
  if (from !== 'now' && from !== 'oldest') throw new Failure('--from is now or oldest')
  const wire = new Wire()
  try {
    await new Tail(wire, placeOf(command, region), json).run(command.args[0] ?? '', from)
  } finally {
    wire.close()
  }
}

class Tail {
  readonly #wire: Wire
  readonly #place: Place
  readonly #complain: (error: string) => void
  #isSilent = false

  constructor(wire: Wire, place: Place, json: boolean) {
    this.#wire = wire
    this.#place = place
    this.#complain = (error) => console.error(json ? JSON.stringify({ error }) : `longitude: ${error}`)
  }

  /** Until the stream is disabled and read to its end. */
  async run(table: string, from: From): Promise<void> {
    const ask = async (operation: string, input: Readonly<Record<string, unknown>>): Promise<unknown> =>
      await this.#ask(operation, input)
    for (let at = await beginStream(ask, table, from, Date.now()); !isOver(at);) {
      const { place, records, lost } = await readStream(ask, at, { nowMs: Date.now() })
      for (const record of records) console.log(JSON.stringify(record))
      for (const each of lost) this.#complain(each)
      if (records.length === 0) await sleep(pollMs)
      at = place
    }
  }

  /** Waits for a region that does not answer. */
  async #ask(operation: string, input: Readonly<Record<string, unknown>>): Promise<unknown> {
    for (;;) {
      try {
        const answer = await this.#wire.send(this.#place, operation, input, answerMsMax)
        this.#isSilent = false
        return answer
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error
        if (!this.#isSilent) this.#complain(`${this.#place.region} does not answer: ${error.message}`)
        this.#isSilent = true
        await sleep(pollMs)
      }
    }
  }
}
