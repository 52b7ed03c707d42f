#!/bin/sh
# CloudWatch at a region's endpoint through the aws command, in the protocol that it speaks by itself.
set -eu
export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=us-east-1 AWS_PAGER=
ask() { aws cloudwatch --endpoint-url "$endpoint" --output text "$@"; }
endpoint=$1
ask put-metric-data --namespace Shell --metric-name Hits --value 7
[ "$(ask list-metrics --namespace Shell --query 'Metrics[].MetricName')" = Hits ]
ask put-metric-alarm --alarm-name shell --namespace Shell --metric-name Hits --statistic Sum --period 60 \
  --evaluation-periods 1 --threshold 5 --comparison-operator GreaterThanThreshold
[ "$(ask describe-alarms --alarm-names shell --query 'MetricAlarms[].StateReason')" = 'Unchecked: Initial alarm creation' ]
ask set-alarm-state --alarm-name shell --state-value ALARM --state-reason 'a test'
[ "$(ask describe-alarms --state-value ALARM --query 'MetricAlarms[].AlarmName')" = shell ]
ask describe-alarm-history --alarm-name shell --query 'AlarmHistoryItems[0].HistorySummary'
error=$(ask put-metric-alarm --alarm-name wrong --namespace Shell --metric-name Hits --statistic Sum --period 90 \
  --evaluation-periods 1 --threshold 5 --comparison-operator GreaterThanThreshold 2>&1) && exit 1
case $error in *'multiple of 60'*) ;; *) exit 1 ;; esac
ask delete-alarms --alarm-names shell
echo "CloudWatch through $(aws --version 2>&1 | cut -d' ' -f1): as expected"
