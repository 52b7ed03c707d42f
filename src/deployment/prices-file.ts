/** The file of AWS's prices, the one of this program or another of the same form. */
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { priceNames, type Prices } from '../core/cost/prices.ts'
import { Failure } from '../process/failure.ts'
import { readJsonFile } from '../process/files/json-file.ts'

/** The same two levels up from src/deployment and from dist/cli. */
const ownFile = fileURLToPath(new URL('../../deploy/prices/aws.json', import.meta.url))

const price = z.strictObject({ usd: z.number().nonnegative(), from: z.string() })
const file = z.strictObject({
  asOf: z.string(),
  currency: z.literal('USD'),
  about: z.string().optional(),
  sources: z.record(z.string(), z.strictObject({ confirmed: z.boolean(), asOf: z.string(), source: z.string() })),
  regions: z.record(z.string(), z.partialRecord(z.enum(priceNames), price)),
})

/** Throws a Failure that says what is wrong with the file. */
export function readPrices(path: string = ownFile): Prices {
  const { asOf, sources, regions } = readJsonFile(path, file)
  for (const [region, prices] of Object.entries(regions))
    for (const [name, { from }] of Object.entries(prices))
      if (sources[from] === undefined)
        throw new Failure(`${path}: regions.${region}.${name} is from ${from}, which is no source`)
  return { asOf, sources, regions }
}
