/** What the last day's use would cost on AWS in a month. */
import { costLinesMax } from '../../core/limits/console-limits.ts'
import { type CostLine, estimateOf } from '../../core/cost/estimate.ts'
import type { Handlers } from '../../deployment/control/call-server.ts'
import { readPrices } from '../../deployment/prices-file.ts'
import { NoAnswer, type Place, Refusal, type Wire } from '../../drills/run/load/wire.ts'
import { Failure } from '../../process/failure.ts'
import type { consoleCalls, ToldOf } from '../console-calls.ts'
import { observedUsage } from './observed-usage.ts'

type Reach = { readonly wire: Wire; readonly places: readonly Place[] }

const observedMs = 24 * 60 * 60_000

export function costHandlers(reach: Reach): Pick<Handlers<typeof consoleCalls>, 'cost'> {
  let estimating: Promise<ToldOf<'cost'>> | undefined
  return {
    // One for all who ask at a time: it asks every table of every region.
    cost: async () => {
      estimating ??= estimated(reach).finally(() => {
        estimating = undefined
      })
      return await estimating
    },
  }
}

async function estimated({ wire, places }: Reach): Promise<ToldOf<'cost'>> {
  const toMs = Date.now()
  const prices = readPrices()
  try {
    const usage = await observedUsage(wire, places, { fromMs: toMs - observedMs, toMs })
    const { lines, unknown, ...rest } = estimateOf(usage, prices)
    const dearest = lines.toSorted((a, b) => (b.onDemand.usd ?? 0) - (a.onDemand.usd ?? 0)).slice(0, costLinesMax)
    return { ...rest, pricesAsOf: prices.asOf, lines: dearest.map(lineOf), count: lines.length, unknown }
  } catch (error) {
    if (error instanceof Refusal || error instanceof NoAnswer) throw new Failure(error.message)
    throw error
  }
}

function lineOf({ onDemand, provisioned, ...line }: CostLine): ToldOf<'cost'>['lines'][number] {
  return {
    ...line,
    ...(onDemand.usd === undefined ? {} : { onDemandUsd: onDemand.usd }),
    ...(provisioned.usd === undefined ? {} : { provisionedUsd: provisioned.usd }),
  }
}
