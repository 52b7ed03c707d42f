/** What Application Auto Scaling's operations are given, and how they find what a request names. */
import type { Direction } from '../../core/capacity/direction.ts'
import {
  dimensionOf,
  partFrom,
  partKey,
  resourceIdOf,
  type Scaled,
  scaledFrom,
  type ScalableTarget,
} from '../../core/scaling/scalable-target.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'
import type { Table } from '../../core/table/table.ts'
import type { AlarmBook } from '../../readers/metrics/alarms/alarm-book.ts'
import type { Evacuated } from '../evacuated.ts'
import type { OperationContext } from '../operation.ts'
import type { ActivityBook } from './activity-book.ts'
import type { ScalingBook } from './scaling-book.ts'

export type AutoScalingContext = OperationContext & {
  readonly alarms: AlarmBook
  readonly book: ScalingBook
  readonly activities: ActivityBook
  /** While the region is evacuated, its tables do not change. */
  readonly evacuation: Pick<Evacuated, 'fence'>
  /** Resolves when the region keeps metrics and evaluates alarms. */
  readonly begin: () => Promise<void>
  /** Brings alarms in line with policies, and capacities with bounds that have changed. */
  readonly look: () => Promise<void>
}

/** The input is in form and within the model's constraints. */
export type AutoScalingOperation = (input: never, context: AutoScalingContext) => object | Promise<object>

/** What most requests name. */
export type Named = {
  readonly ServiceNamespace: string
  readonly ResourceId: string
  readonly ScalableDimension: string
}

export const invalid = (message: string): ServiceRefusal => new ServiceRefusal('ValidationException', message)

export const limited = (message: string): ServiceRefusal => new ServiceRefusal('LimitExceededException', message)

const inWords = (scaled: Scaled): string =>
  `service namespace: dynamodb, resource ID: ${resourceIdOf(scaled)}, scalable dimension: ${dimensionOf(scaled)}`

/** `what`: "No scalable target registered", as the operation says it. */
export const notFound = (what: string, scaled: Scaled, more = ''): ServiceRefusal =>
  new ServiceRefusal('ObjectNotFoundException', `${what} for ${inWords(scaled)}${more}`)

/** Throws for what is nothing of DynamoDB's. */
export function scaledIn({ ServiceNamespace, ResourceId, ScalableDimension }: Named): Scaled {
  const scaled = ServiceNamespace === 'dynamodb' ? scaledFrom(ResourceId, ScalableDimension) : undefined
  if (scaled === undefined) throw invalid('Unsupported service namespace, resource type or scalable dimension')
  return scaled
}

/** A target of this region, with where it is. */
export type Placed = { readonly scaled: Scaled; readonly target: ScalableTarget }

function targetsIn(table: Table, region: string): readonly Placed[] {
  const own = table.scaling?.get(region) ?? {}
  return Object.entries(own).map(([key, target]) => ({ scaled: { ...partFrom(key), table: table.name }, target }))
}

/** In the order of their tables' names. */
export function allTargets({ engine, settings }: OperationContext): readonly Placed[] {
  const tables = engine.tables().filter(({ scaling }) => scaling?.has(settings.region) === true)
  return tables.toSorted((a, b) => (a.name < b.name ? -1 : 1)).flatMap((table) => targetsIn(table, settings.region))
}

export function targetOf(scaled: Scaled, { engine, settings }: OperationContext): ScalableTarget | undefined {
  return engine.tableNamed(scaled.table)?.scaling?.get(settings.region)?.[partKey(scaled)]
}

export function targetHere(scaled: Scaled, context: OperationContext, what: string): ScalableTarget {
  const target = targetOf(scaled, context)
  if (target === undefined) throw notFound(what, scaled)
  return target
}

/** Of a list, a page at a time. */
export type Filter = Partial<Named> & Paging & { readonly ServiceNamespace: string }

/** Whether it is what a request for a list asks for. */
export function isAsked(scaled: Scaled, { ServiceNamespace, ResourceId, ScalableDimension }: Filter): boolean {
  return (
    ServiceNamespace === 'dynamodb' &&
    (ResourceId === undefined || ResourceId === resourceIdOf(scaled)) &&
    (ScalableDimension === undefined || ScalableDimension === dimensionOf(scaled))
  )
}

export const named = (scaled: Scaled): Named => ({
  ServiceNamespace: 'dynamodb',
  ResourceId: resourceIdOf(scaled),
  ScalableDimension: dimensionOf(scaled),
})

type Paging = { readonly MaxResults?: number | undefined; readonly NextToken?: string | undefined }
type Paged<Item> = { readonly page: readonly Item[]; readonly next: { readonly NextToken?: string } }

/** A token says how many items have been told. */
export function pageFrom<Item>(items: readonly Item[], { MaxResults, NextToken }: Paging, max: number): Paged<Item> {
  if (MaxResults !== undefined && MaxResults < 1) throw invalid('MaxResults must be at least 1')
  const from = NextToken === undefined ? 0 : offsetIn(NextToken)
  const end = from + Math.min(max, MaxResults ?? max)
  const next = end < items.length ? { NextToken: Buffer.from(`from ${end}`).toString('base64') } : {}
  return { page: items.slice(from, end), next }
}

function offsetIn(token: string): number {
  const [, offset] = /^from (\d{1,9})$/.exec(Buffer.from(token.slice(0, 100), 'base64').toString()) ?? []
  if (offset === undefined) throw new ServiceRefusal('InvalidNextTokenException', 'The next token is not valid')
  return Number(offset)
}

export const words: Readonly<Record<Direction, 'Read' | 'Write'>> = { read: 'Read', write: 'Write' }
