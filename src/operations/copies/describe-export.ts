import type { DescribeExportInput, DescribeExportOutput } from '@aws-sdk/client-dynamodb'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { exportDescription } from './copy-description.ts'
import { copyNamed } from './named-copy.ts'

export const describeExport = defineControl<Wire<DescribeExportInput>, Wire<DescribeExportOutput>>({
  name: 'DescribeExport',
  checks: [],
  run: (input, context) => ({
    ExportDescription: exportDescription(copyNamed('export', input.ExportArn ?? '', context), context),
  }),
})
