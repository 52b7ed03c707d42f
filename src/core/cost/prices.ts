/** What AWS asks for, as a file of prices says it (deploy/prices/aws.json). */

/** By the dimension of the bill. */
export const priceNames = [
  'readRequestsPerMillion',
  'writeRequestsPerMillion',
  'replicatedWriteRequestsPerMillion',
  'readCapacityUnitHour',
  'writeCapacityUnitHour',
  'replicatedWriteCapacityUnitHour',
  'storagePerGbMonth',
  'infrequentReadRequestsPerMillion',
  'infrequentWriteRequestsPerMillion',
  'infrequentReplicatedWriteRequestsPerMillion',
  'infrequentReadCapacityUnitHour',
  'infrequentWriteCapacityUnitHour',
  'infrequentReplicatedWriteCapacityUnitHour',
  'infrequentStoragePerGbMonth',
  'recoveryPerGbMonth',
  'backupPerGbMonth',
  'streamReadsPerMillion',
  'changeDataCapturePerMillion',
  'transferPerGb',
] as const

export type PriceName = (typeof priceNames)[number]

/** `from` names one of the file's sources. */
export type Price = { readonly usd: number; readonly from: string }

export type PriceSource = {
  /** Read from AWS's own list, for that region. */
  readonly confirmed: boolean
  readonly asOf: string
  readonly source: string
}

export type Prices = {
  readonly asOf: string
  readonly sources: Readonly<Record<string, PriceSource>>
  readonly regions: Readonly<Record<string, Readonly<Partial<Record<PriceName, Price>>>>>
}
