import type { DescribeImportInput, DescribeImportOutput } from '@aws-sdk/client-dynamodb'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { importDescription } from './copy-description.ts'
import { copyNamed } from './named-copy.ts'

export const describeImport = defineControl<Wire<DescribeImportInput>, Wire<DescribeImportOutput>>({
  name: 'DescribeImport',
  checks: [],
  run: (input, context) => ({
    ImportTableDescription: importDescription(copyNamed('import', input.ImportArn ?? '', context), context),
  }),
})
