/** Tag operations name a table by its ARN alone. */
import { ServiceError, validationError } from '../../core/errors.ts'
import type { Table } from '../../core/table/table.ts'
import { isArn, tableNameOf } from '../arns.ts'
import type { OperationContext } from '../operation.ts'

export function taggedTable(arn: string | undefined, { engine, settings }: OperationContext): Table {
  if (arn === undefined || !isArn(arn))
    throw validationError(`Invalid TableArn: Invalid ResourceArn provided as input ${arn ?? ''}`)
  const table = engine.tableNamed(tableNameOf(settings, arn))
  if (table === undefined || table.status === 'CREATING')
    throw new ServiceError('ResourceNotFoundException', `Requested resource not found: ResourceArn: ${arn} not found`)
  return table
}
