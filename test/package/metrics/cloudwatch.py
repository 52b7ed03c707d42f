"""CloudWatch at a region's endpoint through boto3: counts of a table, an application's own metric, an expression, and an alarm by hand."""
import sys
import time
from datetime import datetime, timedelta, timezone

import boto3

endpoint = sys.argv[1]
here = {"endpoint_url": endpoint, "region_name": "us-east-1", "aws_access_key_id": "any", "aws_secret_access_key": "any"}
dynamodb = boto3.client("dynamodb", **here)
cloudwatch = boto3.client("cloudwatch", **here)
now = datetime.now(timezone.utc)

dynamodb.create_table(
    TableName="Measured",
    BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
)
dynamodb.get_waiter("table_exists").wait(TableName="Measured", WaiterConfig={"Delay": 1})
for n in range(3):
    dynamodb.put_item(TableName="Measured", Item={"id": {"S": str(n)}})

table = [{"Name": "TableName", "Value": "Measured"}]
counted = cloudwatch.get_metric_statistics(
    Namespace="AWS/DynamoDB",
    MetricName="ConsumedWriteCapacityUnits",
    Dimensions=table,
    StartTime=now - timedelta(minutes=5),
    EndTime=now + timedelta(minutes=5),
    Period=600,
    Statistics=["Sum"],
)["Datapoints"]
assert [point["Sum"] for point in counted] == [3.0], counted
names = [m["MetricName"] for m in cloudwatch.list_metrics(Dimensions=[{"Name": "TableName", "Value": "Measured"}])["Metrics"]]
assert "SuccessfulRequestLatency" in names, names

cloudwatch.put_metric_data(
    Namespace="App",
    MetricData=[
        {"MetricName": "Hits", "Values": [1, 2], "Counts": [3, 1], "Timestamp": now},
        {"MetricName": "Misses", "StatisticValues": {"SampleCount": 1, "Sum": 5, "Minimum": 5, "Maximum": 5}, "Timestamp": now},
    ],
)


def stat(id, name):
    metric = {"Namespace": "App", "MetricName": name}
    return {"Id": id, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False}


results = cloudwatch.get_metric_data(
    MetricDataQueries=[stat("h", "Hits"), stat("m", "Misses"), {"Id": "rate", "Expression": "100 * h / (h + m)"}],
    StartTime=now - timedelta(minutes=5),
    EndTime=now + timedelta(minutes=5),
)["MetricDataResults"]
assert results[0]["Values"] == [50.0], results

cloudwatch.put_metric_alarm(
    AlarmName="too many hits",
    Namespace="App",
    MetricName="Hits",
    Statistic="Sum",
    Period=60,
    EvaluationPeriods=1,
    Threshold=4,
    ComparisonOperator="GreaterThanThreshold",
)
cloudwatch.set_alarm_state(AlarmName="too many hits", StateValue="OK", StateReason="a test")
(alarm,) = cloudwatch.describe_alarms(AlarmNames=["too many hits"])["MetricAlarms"]
assert alarm["StateValue"] == "OK" and isinstance(alarm["StateUpdatedTimestamp"], datetime), alarm
history = cloudwatch.describe_alarm_history(AlarmName="too many hits")["AlarmHistoryItems"]
assert [item["HistorySummary"] for item in history][0] == "Alarm updated from INSUFFICIENT_DATA to OK", history
for _ in range(150):
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["too many hits"])["MetricAlarms"]
    if alarm["StateReason"] != "a test":
        break
    time.sleep(1)
assert alarm["StateReason"] != "a test", "the alarm was not evaluated"
print(f"evaluated: {alarm['StateValue']}: {alarm['StateReason']}")
try:
    cloudwatch.set_alarm_state(AlarmName="another", StateValue="OK", StateReason="")
    raise AssertionError("an alarm that is not there")
except cloudwatch.exceptions.ResourceNotFound:
    pass
cloudwatch.delete_alarms(AlarmNames=["too many hits"])
assert cloudwatch.describe_alarms()["MetricAlarms"] == []
print(f"CloudWatch through boto3 {boto3.__version__}: as expected")
