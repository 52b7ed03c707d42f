/** Application Auto Scaling's operations by name, with the shapes of their inputs. */
import { linkedInputs } from '../../core/wire/model/linking.ts'
import { model } from '../../core/wire/model/autoscaling-model.ts'
import type { Service } from '../service-entry.ts'
import type { AutoScalingContext, AutoScalingOperation } from './autoscaling-context.ts'
import { describeScalingActivities } from './describe-scaling-activities.ts'
import { deregisterScalableTarget, describeScalableTargets, registerScalableTarget } from './scalable-targets.ts'
import { deleteScalingPolicy, describeScalingPolicies, putScalingPolicy } from './scaling-policies.ts'
import { deleteScheduledAction, describeScheduledActions, putScheduledAction } from './scheduled-actions.ts'
import { listTagsForResource, tagResource, untagResource } from './target-tags.ts'

const operations: Readonly<Record<string, AutoScalingOperation>> = {
  DeleteScalingPolicy: deleteScalingPolicy,
  DeleteScheduledAction: deleteScheduledAction,
  DeregisterScalableTarget: deregisterScalableTarget,
  DescribeScalableTargets: describeScalableTargets,
  DescribeScalingActivities: describeScalingActivities,
  DescribeScalingPolicies: describeScalingPolicies,
  DescribeScheduledActions: describeScheduledActions,
  ListTagsForResource: listTagsForResource,
  PutScalingPolicy: putScalingPolicy,
  PutScheduledAction: putScheduledAction,
  RegisterScalableTarget: registerScalableTarget,
  TagResource: tagResource,
  UntagResource: untagResource,
}

export function autoScalingService(context: AutoScalingContext): Service {
  const inputs = linkedInputs(model)
  return {
    namespace: 'http://autoscaling.amazonaws.com/doc/2016-02-06/',
    errorNamespace: 'com.amazonaws.applicationautoscaling',
    inputOf: (operation) => inputs.get(operation),
    run: ({ operation, input }) => operations[operation]?.(input as never, context),
  }
}
