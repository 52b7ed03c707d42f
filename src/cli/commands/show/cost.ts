/** `longitude cost`: what the observed workload would cost on AWS in a month. */
import type { Command } from 'commander'
import { estimateOf } from '../../../core/cost/estimate.ts'
import { observedUsage } from '../../../console/capacity/observed-usage.ts'
import { metricRetentionMs } from '../../../core/limits/metric-limits.ts'
import { regionsAdministered } from '../../../deployment/endpoints.ts'
import { readPrices } from '../../../deployment/prices-file.ts'
import { Wire } from '../../../drills/run/load/wire.ts'
import { durationMs } from '../../../process/duration.ts'
import { Failure } from '../../../process/failure.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { costText } from './cost-text.ts'

export async function runCost(command: Command, json: boolean): Promise<void> {
  const { prices: path, over = '7d' } = command.opts<{ prices?: string; over?: string }>()
  const prices = readPrices(path)
  const toMs = Date.now()
  const endpoints = regionsAdministered(readOptionsFound(command, optionsOf.status))
  const wire = new Wire()
  try {
    const places = endpoints.map(([region, endpoint]) => ({ region, endpoint }))
    const estimate = estimateOf(await observedUsage(wire, places, { fromMs: toMs - lengthOf(over), toMs }), prices)
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
