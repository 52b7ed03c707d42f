/**
 * The one table of errors that a client can see: code -> wire type, HTTP status, whether an SDK may retry.
 * Status and namespaces are those of the service model and of AWS's JSON 1.0 replies.
 */
const DYNAMODB = 'com.amazonaws.dynamodb.v20120810#'
const CORAL_SERVICE = 'com.amazon.coral.service#'
const CORAL_VALIDATE = 'com.amazon.coral.validate#'

type ErrorRow = { readonly wireType: string; readonly status: number; readonly retryable: boolean }

const row = (namespace: string, code: string, status = 400, retryable = false): ErrorRow => ({
  wireType: `${namespace}${code}`,
  status,
  retryable,
})

export const errors = {
  AccessDeniedException: row(CORAL_SERVICE, 'AccessDeniedException'),
  BackupInUseException: row(DYNAMODB, 'BackupInUseException'),
  BackupNotFoundException: row(DYNAMODB, 'BackupNotFoundException'),
  ConditionalCheckFailedException: row(DYNAMODB, 'ConditionalCheckFailedException'),
  ContinuousBackupsUnavailableException: row(DYNAMODB, 'ContinuousBackupsUnavailableException'),
  DuplicateItemException: row(DYNAMODB, 'DuplicateItemException'),
  ExpiredIteratorException: row(DYNAMODB, 'ExpiredIteratorException'),
  ExpiredTokenException: row(CORAL_SERVICE, 'ExpiredTokenException'),
  ExportConflictException: row(DYNAMODB, 'ExportConflictException'),
  ExportNotFoundException: row(DYNAMODB, 'ExportNotFoundException'),
  GlobalTableAlreadyExistsException: row(DYNAMODB, 'GlobalTableAlreadyExistsException'),
  GlobalTableNotFoundException: row(DYNAMODB, 'GlobalTableNotFoundException'),
  IdempotentParameterMismatchException: row(DYNAMODB, 'IdempotentParameterMismatchException'),
  ImportConflictException: row(DYNAMODB, 'ImportConflictException'),
  ImportNotFoundException: row(DYNAMODB, 'ImportNotFoundException'),
  IncompleteSignatureException: row(CORAL_SERVICE, 'IncompleteSignatureException'),
  IndexNotFoundException: row(DYNAMODB, 'IndexNotFoundException'),
  InternalServerError: row(DYNAMODB, 'InternalServerError', 500, true),
  InvalidSignatureException: row(CORAL_SERVICE, 'InvalidSignatureException'),
  InvalidExportTimeException: row(DYNAMODB, 'InvalidExportTimeException'),
  InvalidRestoreTimeException: row(DYNAMODB, 'InvalidRestoreTimeException'),
  ItemCollectionSizeLimitExceededException: row(DYNAMODB, 'ItemCollectionSizeLimitExceededException'),
  LimitExceededException: row(DYNAMODB, 'LimitExceededException'),
  MissingAuthenticationTokenException: row(CORAL_SERVICE, 'MissingAuthenticationTokenException'),
  PointInTimeRecoveryUnavailableException: row(DYNAMODB, 'PointInTimeRecoveryUnavailableException'),
  PolicyNotFoundException: row(DYNAMODB, 'PolicyNotFoundException'),
  ProvisionedThroughputExceededException: row(DYNAMODB, 'ProvisionedThroughputExceededException', 400, true),
  ReplicaAlreadyExistsException: row(DYNAMODB, 'ReplicaAlreadyExistsException'),
  ReplicatedWriteConflictException: row(DYNAMODB, 'ReplicatedWriteConflictException', 400, true),
  ReplicaNotFoundException: row(DYNAMODB, 'ReplicaNotFoundException'),
  RequestLimitExceeded: row(DYNAMODB, 'RequestLimitExceeded', 400, true),
  ResourceInUseException: row(DYNAMODB, 'ResourceInUseException'),
  ResourceNotFoundException: row(DYNAMODB, 'ResourceNotFoundException'),
  SerializationException: row(CORAL_SERVICE, 'SerializationException'),
  ServiceUnavailable: row(CORAL_SERVICE, 'ServiceUnavailableException', 503, true),
  TableAlreadyExistsException: row(DYNAMODB, 'TableAlreadyExistsException'),
  TableInUseException: row(DYNAMODB, 'TableInUseException'),
  TableNotFoundException: row(DYNAMODB, 'TableNotFoundException'),
  ThrottlingException: row(DYNAMODB, 'ThrottlingException', 400, true),
  TransactionCanceledException: row(DYNAMODB, 'TransactionCanceledException'),
  TransactionConflictException: row(DYNAMODB, 'TransactionConflictException', 400, true),
  TransactionInProgressException: row(DYNAMODB, 'TransactionInProgressException'),
  TrimmedDataAccessException: row(DYNAMODB, 'TrimmedDataAccessException'),
  UnknownOperationException: row(CORAL_SERVICE, 'UnknownOperationException'),
  UnrecognizedClientException: row(CORAL_SERVICE, 'UnrecognizedClientException'),
  ValidationException: row(CORAL_VALIDATE, 'ValidationException'),
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof errors

/** Thrown for whatever a client is to be told; `members` are further members of the error's shape (Item, CancellationReasons). */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: ErrorCode
  readonly members: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, members: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.members = members
  }
}

export const validationError = (message: string): ServiceError => new ServiceError('ValidationException', message)
