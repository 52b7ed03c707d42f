/** An event source mapping as Lambda describes it. */
import type { MappingSettings } from '../../core/triggers/mapping.ts'
import type { MappingStatus } from '../../readers/triggers/triggers.ts'
import type { LambdaContext } from './lambda-operation.ts'

export function mappingDescription(status: MappingStatus, { settings: place }: LambdaContext): object {
  const { mapping, state, lastResult } = status
  return {
    UUID: mapping.uuid,
    EventSourceMappingArn: `arn:aws:lambda:${place.region}:${place.accountId}:event-source-mapping:${mapping.uuid}`,
    EventSourceArn: mapping.streamArn,
    FunctionArn: mapping.functionArn,
    StartingPosition: mapping.startingPosition,
    State: state,
    StateTransitionReason: 'User action',
    LastModified: mapping.modifiedMs / 1000,
    LastProcessingResult: lastResult,
    ...settingsDescription(mapping.settings),
  }
}

function settingsDescription(settings: MappingSettings): object {
  const { filters, onFailure } = settings
  return {
    BatchSize: settings.batchSize,
    MaximumBatchingWindowInSeconds: settings.batchingSeconds,
    ParallelizationFactor: settings.lanes,
    MaximumRecordAgeInSeconds: settings.recordAgeSeconds,
    MaximumRetryAttempts: settings.retries,
    BisectBatchOnFunctionError: settings.bisects,
    TumblingWindowInSeconds: settings.windowSeconds,
    FunctionResponseTypes: settings.reportsFailures ? ['ReportBatchItemFailures'] : [],
    DestinationConfig: { OnFailure: onFailure === undefined ? {} : { Destination: onFailure } },
    ...(filters.length === 0 ? {} : { FilterCriteria: { Filters: filters.map((Pattern) => ({ Pattern })) } }),
  }
}
