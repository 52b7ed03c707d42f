/** Notes an import; the reader of imports makes the table and fills it (readers/archive/copies/imports.ts). */
import type { ImportTableInput, ImportTableOutput } from '@aws-sdk/client-dynamodb'
import { required } from '../../core/assert.ts'
import type { ImportJob } from '../../core/copies/copy-job.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import { refuseMembers } from '../refused-members.ts'
import type { Wire } from '../sdk-shape.ts'
import { checkNewTable, newTableRegisters } from '../tables/create-table.ts'
import { checkSpecification, withUsableKey } from '../tables/encryption-settings.ts'
import { importDescription } from './copy-description.ts'
import { copyWithToken, makeRoom, newCopyId } from './named-copy.ts'

type Input = Wire<ImportTableInput>
type Output = Wire<ImportTableOutput>

export const importTable = defineControl<Input, Output>({
  name: 'ImportTable',
  table: (input) => input.TableCreationParameters?.TableName,
  checks: [refuseMembers('ImportTable'), formats, table],
  run: (input, context) =>
    oneAtATime(context.engine, `import ${input.ClientToken}`, async () => {
      const before = copyWithToken('import', input.ClientToken, context)
      if (before !== undefined && before.name !== nameOf(input))
        throw new ServiceError(
          'ImportConflictException',
          'Import conflict: Duplicate request detected with conflicting parameters',
        )
      if (before?.status === 'IN_PROGRESS') return { ImportTableDescription: importDescription(before, context) }
      if (context.engine.tableNamed(nameOf(input)) !== undefined)
        throw new ServiceError('ResourceInUseException', `Table already exists: ${nameOf(input)}`)
      await makeRoom('import', context)
      const job = jobOf(await withKey(input, context), context)
      await context.engine.archive.putCopy(job)
      return { ImportTableDescription: importDescription(job, context) }
    }),
})

const nameOf = ({ TableCreationParameters }: Input): string => TableCreationParameters?.TableName ?? ''

function formats({ InputFormat, InputFormatOptions }: Input): void {
  if (InputFormat !== 'CSV' && InputFormatOptions?.Csv !== undefined)
    throw validationError('One or more parameter values were invalid: Csv options are for InputFormat CSV')
}

function table(input: Input): void {
  checkNewTable(parametersOf(input))
  checkSpecification(parametersOf(input).SSESpecification)
}

async function withKey(input: Input, context: OperationContext): Promise<Input> {
  const parameters = parametersOf(input)
  const SSESpecification = await withUsableKey(parameters.SSESpecification, context)
  if (SSESpecification === undefined) return input
  return { ...input, TableCreationParameters: { ...parameters, SSESpecification } }
}

type Parameters = NonNullable<Input['TableCreationParameters']>

const parametersOf = (input: Input): Parameters => required(input.TableCreationParameters, 'TableCreationParameters')

function jobOf(input: Input, context: OperationContext): ImportJob {
  const { S3BucketSource: source, InputFormatOptions, ClientToken } = input
  const parameters = parametersOf(input)
  const { S3Bucket: bucket = '', S3BucketOwner: bucketOwner, S3KeyPrefix: prefix } = source ?? {}
  return {
    ...newCopyId(context),
    kind: 'import',
    status: 'IN_PROGRESS',
    token: ClientToken ?? context.env.random.uuid(),
    asked: '',
    bucket,
    ...(bucketOwner === undefined ? {} : { bucketOwner }),
    ...(prefix === undefined ? {} : { prefix }),
    table: context.env.random.uuid(),
    name: nameOf(input),
    format: input.InputFormat ?? 'DYNAMODB_JSON',
    ...csvOf(input.InputFormat === 'CSV' ? (InputFormatOptions?.Csv ?? {}) : undefined),
    compression: input.InputCompressionType ?? 'NONE',
    parameters,
    registers: newTableRegisters(nameOf(input), parameters, context),
    progress: { object: '', line: 0, imported: 0, errors: 0, bytes: 0 },
  }
}

type Csv = NonNullable<NonNullable<Input['InputFormatOptions']>['Csv']>

function csvOf(csv: Csv | undefined): Pick<ImportJob, 'csv'> {
  if (csv === undefined) return {}
  const { Delimiter: delimiter = ',', HeaderList: header } = csv
  return { csv: { delimiter, ...(header === undefined ? {} : { header }) } }
}
