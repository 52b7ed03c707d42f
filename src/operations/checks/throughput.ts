/** Billing mode and throughput of a table and its global indexes, with AWS's messages. */
import type { OnDemandThroughput, ProvisionedThroughput, WarmThroughput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import { throughputUnitsMax } from '../../core/limits/limits.ts'
import type { IndexSettings, TableSettings } from '../../core/table/table.ts'
import type { Wire } from '../sdk-shape.ts'

export type Provisioned = Wire<ProvisionedThroughput>
type BillingMode = TableSettings['billingMode']

const invalid = (message: string) => validationError(`One or more parameter values were invalid: ${message}`)

export function checkTableThroughput(billingMode: BillingMode, throughput: Provisioned | undefined): void {
  if (billingMode === 'PAY_PER_REQUEST') {
    if (throughput !== undefined)
      throw invalid(
        'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
      )
    return
  }
  if (throughput === undefined)
    throw invalid('ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED')
  checkBounds(throughput, '')
}

export function checkIndexThroughput(
  billingMode: BillingMode,
  index: string | undefined,
  throughput: Provisioned | undefined,
): void {
  if (billingMode === 'PAY_PER_REQUEST') {
    if (throughput !== undefined)
      throw invalid(
        `ProvisionedThroughput should not be specified for index: ${index} when BillingMode is PAY_PER_REQUEST`,
      )
    return
  }
  if (throughput === undefined) throw invalid(`ProvisionedThroughput must be specified for index: ${index}`)
  checkBounds(throughput, ` for index ${index}`)
}

/** `where` names the index, if it is one's. */
export function checkBounds(throughput: Provisioned, where: string): void {
  for (const name of ['ReadCapacityUnits', 'WriteCapacityUnits'] as const)
    if ((throughput[name] ?? 0) > throughputUnitsMax)
      throw validationError(`Given value ${throughput[name]} for ${name} is out of bounds${where}`)
}

export function checkOnDemand(billingMode: BillingMode, throughput: Wire<OnDemandThroughput> | undefined): void {
  for (const name of ['MaxReadRequestUnits', 'MaxWriteRequestUnits'] as const) {
    const value = throughput?.[name]
    if (value === undefined) continue
    if (billingMode === 'PROVISIONED')
      throw invalid(`${name} for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED`)
    if (value !== -1 && value < 1)
      throw invalid(`Requested ${name} for OnDemandThroughput for table is outside of valid range`)
  }
}

/** The three throughputs of a request as settings keep them. */
export function throughputSettings(input: {
  readonly ProvisionedThroughput?: Provisioned | undefined
  readonly OnDemandThroughput?: Wire<OnDemandThroughput> | undefined
  readonly WarmThroughput?: Wire<WarmThroughput> | undefined
}): IndexSettings {
  const provisioned = input.ProvisionedThroughput
  const onDemand = input.OnDemandThroughput
  const warm = input.WarmThroughput
  return {
    ...(provisioned === undefined ? {} : { provisioned: provisionedFrom(provisioned) }),
    ...(onDemand === undefined ? {} : { onDemand: onDemandFrom(onDemand) }),
    ...(warm === undefined
      ? {}
      : { warm: { readUnits: warm.ReadUnitsPerSecond ?? 12_000, writeUnits: warm.WriteUnitsPerSecond ?? 4_000 } }),
  }
}

export const provisionedFrom = (throughput: Provisioned) => ({
  readUnits: throughput.ReadCapacityUnits ?? 0,
  writeUnits: throughput.WriteCapacityUnits ?? 0,
})

const onDemandFrom = ({ MaxReadRequestUnits, MaxWriteRequestUnits }: Wire<OnDemandThroughput>) => ({
  ...(MaxReadRequestUnits === undefined ? {} : { maxReadUnits: MaxReadRequestUnits }),
  ...(MaxWriteRequestUnits === undefined ? {} : { maxWriteUnits: MaxWriteRequestUnits }),
})
