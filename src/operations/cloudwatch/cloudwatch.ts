/** CloudWatch as a service beside DynamoDB. */
import type { ServiceEntry } from '../service-entry.ts'
import type { CloudWatchContext } from './cloudwatch-context.ts'

export const cloudWatch = (context: CloudWatchContext): ServiceEntry => ({
  signingName: 'monitoring',
  version: '2010-08-01',
  target: 'GraniteServiceVersion20100801',
  load: async () => {
    const { cloudWatchService } = await import('./cloudwatch-operations.ts')
    return cloudWatchService(context)
  },
})
