/** Application Auto Scaling as a service beside DynamoDB. */
import type { ServiceEntry } from '../service-entry.ts'
import type { AutoScalingContext } from './autoscaling-context.ts'

export const autoScaling = (context: AutoScalingContext): ServiceEntry => ({
  signingName: 'application-autoscaling',
  version: '2016-02-06',
  target: 'AnyScaleFrontendService',
  load: async () => {
    const { autoScalingService } = await import('./autoscaling-operations.ts')
    return autoScalingService(context)
  },
})
