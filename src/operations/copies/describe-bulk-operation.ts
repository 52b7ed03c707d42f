import type { DescribeBulkOperationInput, DescribeBulkOperationOutput } from '@aws-sdk/client-dynamodb'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { bulkDescription } from './bulk-description.ts'
import { copyNamed, tableArnOfBulk } from './named-copy.ts'

export const describeBulkOperation = defineControl<Wire<DescribeBulkOperationInput>, Wire<DescribeBulkOperationOutput>>(
  {
    name: 'DescribeBulkOperation',
    resource: (input) => tableArnOfBulk(input.BulkOperationArn),
    checks: [],
    run: (input, context) => ({
      BulkOperationDescription: bulkDescription(copyNamed('bulk', input.BulkOperationArn ?? '', context), context),
    }),
  },
)
