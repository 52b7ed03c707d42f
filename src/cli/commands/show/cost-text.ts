/** An estimate of costs, for people. */
import type { Amount, CostEstimate, CostLine, CostTotal } from '../../../core/cost/estimate.ts'
import type { Prices } from '../../../core/cost/prices.ts'
import { tableText } from '../../../process/table-text.ts'

export function costText(estimate: CostEstimate, prices: Prices): string {
  const { lines, total, byRegion, observedMs, unconfirmed, unknown } = estimate
  const rows = lines.map(rowOf)
  const totals = [
    ...Object.entries(byRegion).map(([region, each]) => totalRow(region, each)),
    totalRow('all regions', total),
  ]
  return [
    `  A month on AWS, in US dollars, as the last ${lengthText(observedMs)} went on. Prices as of ${prices.asOf}.`,
    '',
    rows.length === 0
      ? '  nothing was consumed and nothing is stored'
      : tableText(['REGION', 'TABLE', 'DIMENSION', 'A MONTH', 'ON DEMAND', 'PROVISIONED'], [...rows, ...totals]),
    '',
    '  PROVISIONED has in each hour what its busiest minute asked for at 70 %, as auto scaling would; a table that is provisioned here, what it has.',
    ...(unconfirmed.length === 0
      ? []
      : [
          `  ~ marks figures with a price that is not confirmed, as it was not read from AWS’s list for its region: ${unconfirmed.join('; ')}.`,
        ]),
    '',
    '  Not known, and not in the figures:',
    ...unknown.map((each) => `  - ${each}`),
  ].join('\n')
}

function rowOf(line: CostLine): readonly string[] {
  const { region, table, index, dimension, quantity, unit, onDemand, provisioned } = line
  const name = index === undefined ? table : `${table}/${index}`
  return [region, name, dimension, `${quantityText(quantity)} ${unit}`, amountText(onDemand), amountText(provisioned)]
}

function totalRow(region: string, total: CostTotal): readonly string[] {
  const { onDemandUsd, provisionedUsd, isAtLeast, isUnconfirmed } = total
  const sumText = (usd: number, isOfUnconfirmed: boolean): string =>
    `${isAtLeast ? 'at least ' : ''}${amountText({ usd, isUnconfirmed: isOfUnconfirmed })}`
  const sums = [sumText(onDemandUsd, isUnconfirmed.onDemand), sumText(provisionedUsd, isUnconfirmed.provisioned)]
  return [region, 'together', '', '', ...sums]
}

function amountText({ usd, isUnconfirmed }: Amount): string {
  if (usd === undefined) return '?'
  return `${isUnconfirmed ? '~' : ''}${usdText(usd)}`
}

const usdText = (usd: number): string => (usd > 0 && usd < 0.005 ? '< 0.01' : usd.toFixed(2))

function quantityText(quantity: number): string {
  if (quantity > 0 && quantity < 0.001) return '< 0.001'
  const [divisor, suffix] = scales.find(([least]) => quantity >= least) ?? [1, '']
  const scaled = quantity / divisor
  return `${scaled >= 100 || Number.isInteger(scaled) ? Math.round(scaled) : Number(scaled.toPrecision(3))}${suffix}`
}

const scales = [
  [1e9, ' G'],
  [1e6, ' M'],
  [1e4, ' k'],
] as const

function lengthText(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 2) return 'minute'
  if (minutes < 120) return `${minutes} minutes`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`
}
