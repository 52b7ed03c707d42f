/** CloudWatch's operations by name, with the shapes of their inputs. */
import { linkedInputs } from '../../core/wire/model/linking.ts'
import { model } from '../../core/wire/model/cloudwatch-model.ts'
import type { Service } from '../service-entry.ts'
import {
  deleteAlarms,
  disableAlarmActions,
  enableAlarmActions,
  listTagsForResource,
  setAlarmState,
  tagResource,
  untagResource,
} from './alarm-changes.ts'
import type { CloudWatchContext, CloudWatchOperation } from './cloudwatch-context.ts'
import { describeAlarmHistory } from './describe-alarm-history.ts'
import { describeAlarms, describeAlarmsForMetric } from './describe-alarms.ts'
import { getMetricData } from './get-metric-data.ts'
import { getMetricStatistics } from './get-metric-statistics.ts'
import {
  deleteInsightRules,
  describeInsightRules,
  disableInsightRules,
  enableInsightRules,
  getInsightRuleReport,
  putInsightRule,
} from './insight-rules.ts'
import { listMetrics } from './list-metrics.ts'
import { putMetricAlarm } from './put-metric-alarm.ts'
import { putMetricData } from './put-metric-data.ts'

const operations: Readonly<Record<string, CloudWatchOperation>> = {
  DeleteAlarms: deleteAlarms,
  DeleteInsightRules: deleteInsightRules,
  DescribeAlarmHistory: describeAlarmHistory,
  DescribeAlarms: describeAlarms,
  DescribeAlarmsForMetric: describeAlarmsForMetric,
  DescribeInsightRules: describeInsightRules,
  DisableAlarmActions: disableAlarmActions,
  DisableInsightRules: disableInsightRules,
  EnableAlarmActions: enableAlarmActions,
  EnableInsightRules: enableInsightRules,
  GetInsightRuleReport: getInsightRuleReport,
  GetMetricData: getMetricData,
  GetMetricStatistics: getMetricStatistics,
  ListMetrics: listMetrics,
  ListTagsForResource: listTagsForResource,
  PutInsightRule: putInsightRule,
  PutMetricAlarm: putMetricAlarm,
  PutMetricData: putMetricData,
  SetAlarmState: setAlarmState,
  TagResource: tagResource,
  UntagResource: untagResource,
}

export function cloudWatchService(context: CloudWatchContext): Service {
  const inputs = linkedInputs(model)
  return {
    namespace: 'http://monitoring.amazonaws.com/doc/2010-08-01/',
    errorNamespace: 'com.amazonaws.cloudwatch',
    inputOf: (operation) => inputs.get(operation),
    run: ({ operation, input }) => operations[operation]?.(input as never, context),
  }
}
