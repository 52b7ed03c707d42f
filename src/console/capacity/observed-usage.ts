/** What all regions' tables were used for in a time that is over, for an estimate of what that costs on AWS. */
import type { TableUsage, Usage } from '../../core/cost/usage.ts'
import type { Place, Wire } from '../../drills/run/load/wire.ts'
import { regionUsage, type Window } from './region-usage.ts'

const answerMsMax = 60_000

/** One region after the other. Rejects when one cannot be asked: an estimate without it would be too low. */
export async function observedUsage(wire: Wire, places: readonly Place[], window: Window): Promise<Usage> {
  const tables: TableUsage[] = []
  for (const place of places)
    tables.push(
      ...(await regionUsage(
        {
          region: place.region,
          dynamodb: async (operation, input) => await wire.send(place, operation, input, answerMsMax),
          cloudWatch: async (operation, input) => await wire.cloudWatch(place, operation, input, answerMsMax),
        },
        window,
      )),
    )
  return since(tables, window)
}

/** From the first minute that has a value: before it nothing ran, or nothing was counted. */
function since(tables: readonly TableUsage[], { fromMs, toMs }: Window): Usage {
  const firsts = tables.flatMap(({ resources }) =>
    resources.flatMap(({ reads, writes }) => [...reads, ...writes].map(({ atMs }) => atMs)),
  )
  const first = firsts.reduce((least, atMs) => Math.min(least, atMs), toMs - 60_000)
  return { fromMs: Math.max(fromMs, first), toMs, tables }
}
