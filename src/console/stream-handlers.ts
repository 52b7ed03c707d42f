/** Reads a table's change stream on for a page, which keeps the place to which it has come. */
import { streamRecordsShownMax } from '../core/limits/console-limits.ts'
import type { Handlers } from '../deployment/control/call-server.ts'
import { NoAnswer, Refusal, type Wire } from '../drills/run/load/wire.ts'
import { Failure } from '../process/failure.ts'
import type { consoleCalls } from './console-calls.ts'
import { beginStream, isOver, readStream } from './stream-tail.ts'

const answerMsMax = 10_000

type Reach = { readonly wire: Wire; readonly endpointOf: (region: string) => string }

export function streamHandlers({ wire, endpointOf }: Reach): Pick<Handlers<typeof consoleCalls>, 'tail'> {
  return {
    tail: async ({ region, table, from, place: given }) => {
      const at = { region, endpoint: endpointOf(region) }
      const ask = async (operation: string, input: Readonly<Record<string, unknown>>): Promise<unknown> =>
        await wire.send(at, operation, input, answerMsMax)
      try {
        const place = given ?? (await beginStream(ask, table, from, Date.now()))
        const step = await readStream(ask, place, { nowMs: Date.now(), most: streamRecordsShownMax })
        return { ...step, isOver: isOver(step.place) }
      } catch (error) {
        if (error instanceof Refusal || error instanceof NoAnswer) throw new Failure(`${region}: ${error.message}`)
        throw error
      }
    },
  }
}
