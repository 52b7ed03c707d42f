/** `longitude cost`: what the observed workload would cost on AWS in a month. */
import type { Command } from 'commander'
import { estimateOf } from '../../../core/cost/estimate.ts'
import type { TableUsage, Usage } from '../../../core/cost/usage.ts'
import { metricRetentionMs } from '../../../core/metric-limits.ts'
import { regionsAdministered } from '../../../deployment/endpoints.ts'
import { readPrices } from '../../../deployment/prices.ts'
import { Wire } from '../../../drills/run/load/wire.ts'
import { durationMs } from '../../../process/duration.ts'
import { Failure } from '../../../process/failure.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { costText } from './cost-text.ts'
import { type Asking, regionUsage, type Window } from './region-usage.ts'

const answerMsMax = 60_000

export async function runCost(command: Command, json: boolean): Promise<void> {
  const { prices: path, over = '7d' } = command.opts<{ prices?: string; over?: string }>()
  const prices = readPrices(path)
  const toMs = Date.now()
  const window = { fromMs: toMs - lengthOf(over), toMs }
  const endpoints = regionsAdministered(readOptionsFound(command, optionsOf.status))
  const wire = new Wire()
  try {
    const tables: TableUsage[] = []
    for (const [region, endpoint] of endpoints) {
      const place = { region, endpoint }
      const asking: Asking = {
        region,
        dynamodb: async (operation, input) => await wire.send(place, operation, input, answerMsMax),
        cloudWatch: async (operation, input) => await wire.cloudWatch(place, operation, input, answerMsMax),
      }
      tables.push(...(await regionUsage(asking, window)))
    }
    const estimate = estimateOf(observed(tables, window), prices)
    console.log(
      json
        ? JSON.stringify({ ...estimate, sources: prices.sources, pricesAsOf: prices.asOf })
        : costText(estimate, prices),
    )
  } finally {
    wire.close()
  }
}

function lengthOf(over: string): number {
  const ms = over.endsWith('d') ? Number(over.slice(0, -1)) * 86_400_000 : durationMs(over)
  if (ms === undefined || !(ms >= 60_000) || ms > metricRetentionMs)
    throw new Failure(`--over is "${over}": a duration from 1m to 15d is wanted`)
  return ms
}

/** From the first minute that has a value: before it nothing ran, or nothing was counted. */
function observed(tables: readonly TableUsage[], { fromMs, toMs }: Window): Usage {
  const firsts = tables.flatMap(({ resources }) =>
    resources.flatMap(({ reads, writes }) => [...reads, ...writes].map(({ atMs }) => atMs)),
  )
  const first = firsts.reduce((least, atMs) => Math.min(least, atMs), toMs - 60_000)
  return { fromMs: Math.max(fromMs, first), toMs, tables }
}
