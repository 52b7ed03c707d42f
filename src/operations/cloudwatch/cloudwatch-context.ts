/** What CloudWatch's operations are given. */
import { ServiceRefusal } from '../../core/services/refusal.ts'
import type { Env } from '../../ports/env.ts'
import type { Insights } from '../insights/insights.ts'
import type { AlarmBook, NewState } from '../../readers/metrics/alarms/alarm-book.ts'
import type { MetricStore } from '../../readers/metrics/metric-store.ts'

export type CloudWatchContext = {
  readonly env: Pick<Env, 'clock'>
  readonly settings: { readonly region: string; readonly accountId: string }
  readonly store: MetricStore
  readonly alarms: AlarmBook
  /** Sets an alarm's state, and does what it does then. Returns false for one that is not there. */
  readonly setState: (name: string, to: NewState) => Promise<boolean>
  /** Rules of DynamoDB's contributor insights. */
  readonly insights: Pick<Insights, 'rules' | 'labelsOf' | 'report'> & {
    /** False where there is no such rule. */
    readonly setEnabled: (name: string, isEnabled: boolean) => Promise<boolean>
  }
  /** Resolves when the region keeps metrics and evaluates alarms. */
  readonly begin: () => Promise<void>
}

/** The input is in form and within the model's constraints. */
export type CloudWatchOperation = (
  input: never,
  context: CloudWatchContext,
) => object | undefined | Promise<object | undefined>

export const invalid = (message: string): ServiceRefusal =>
  new ServiceRefusal('ValidationError', message, { type: 'ValidationException' })

export const invalidValue = (message: string): ServiceRefusal =>
  new ServiceRefusal('InvalidParameterValue', message, { type: 'InvalidParameterValueException' })

export const invalidCombination = (message: string): ServiceRefusal =>
  new ServiceRefusal('InvalidParameterCombination', message, { type: 'InvalidParameterCombinationException' })

export const missingParameter = (name: string): ServiceRefusal =>
  new ServiceRefusal('MissingParameter', `The parameter ${name} is required.`, {
    type: 'MissingRequiredParameterException',
  })

export const notFound = (message: string): ServiceRefusal =>
  new ServiceRefusal('ResourceNotFound', message, { status: 404 })

const invalidToken = (): ServiceRefusal =>
  new ServiceRefusal('InvalidNextToken', 'The service cannot process the next token')

type Paged<Item> = { readonly page: readonly Item[]; readonly next: { readonly NextToken?: string } }

/** A token says how many items have been told. */
export function pageFrom<Item>(items: readonly Item[], token: string | undefined, max: number): Paged<Item> {
  const from = token === undefined ? 0 : offsetIn(token)
  const end = from + max
  return { page: items.slice(from, end), next: end < items.length ? { NextToken: tokenOf(end) } : {} }
}

export const tokenOf = (offset: number): string => Buffer.from(`from ${offset}`).toString('base64')

export function offsetIn(token: string): number {
  const [, offset] = /^from (\d{1,9})$/.exec(Buffer.from(token.slice(0, 100), 'base64').toString()) ?? []
  if (offset === undefined) throw invalidToken()
  return Number(offset)
}
