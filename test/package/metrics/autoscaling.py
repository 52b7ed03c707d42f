"""Application Auto Scaling and contributor insights at a region's endpoint through boto3: a table whose capacity follows a load, in real time."""
import sys
import time
from datetime import datetime, timedelta, timezone

import boto3

endpoint = sys.argv[1]
here = {"endpoint_url": endpoint, "region_name": "us-east-1", "aws_access_key_id": "any", "aws_secret_access_key": "any"}
dynamodb = boto3.client("dynamodb", **here)
cloudwatch = boto3.client("cloudwatch", **here)
scaling = boto3.client("application-autoscaling", **here)

dynamodb.create_table(
    TableName="Scaled",
    BillingMode="PROVISIONED",
    ProvisionedThroughput={"ReadCapacityUnits": 2, "WriteCapacityUnits": 2},
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
)
dynamodb.get_waiter("table_exists").wait(TableName="Scaled", WaiterConfig={"Delay": 1})
writes = {
    "ServiceNamespace": "dynamodb",
    "ResourceId": "table/Scaled",
    "ScalableDimension": "dynamodb:table:WriteCapacityUnits",
}


def units():
    return dynamodb.describe_table(TableName="Scaled")["Table"]["ProvisionedThroughput"]["WriteCapacityUnits"]


def wait_for(wanted, seconds, meanwhile=lambda: None):
    for _ in range(seconds):
        if units() == wanted:
            return
        meanwhile()
        time.sleep(1)
    raise AssertionError(f"{units()} write capacity units, and not {wanted}")


arn = scaling.register_scalable_target(**writes, MinCapacity=3, MaxCapacity=20, Tags={"team": "a"})["ScalableTargetARN"]
assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "a"}
wait_for(3, 90)
policy = scaling.put_scaling_policy(
    **writes,
    PolicyName="writes",
    PolicyType="TargetTrackingScaling",
    TargetTrackingScalingPolicyConfiguration={
        "TargetValue": 50.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"},
    },
)
assert len(policy["Alarms"]) == 4, policy
dynamodb.update_contributor_insights(TableName="Scaled", ContributorInsightsAction="ENABLE")
item = {"id": {"S": "hot"}, "data": {"S": "x" * 20_000}}
# Each put is 20 units, and one a second asks for more than the maximum.
wait_for(20, 240, lambda: dynamodb.put_item(TableName="Scaled", Item=item))
(activity, *_) = scaling.describe_scaling_activities(ServiceNamespace="dynamodb")["ScalingActivities"]
assert activity["StatusCode"] == "Successful" and isinstance(activity["StartTime"], datetime), activity
print(f"{activity['Description']} {activity['Cause']}")

rules = dynamodb.describe_contributor_insights(TableName="Scaled")["ContributorInsightsRuleList"]
now = datetime.now(timezone.utc)
report = cloudwatch.get_insight_rule_report(
    RuleName=rules[0], StartTime=now - timedelta(minutes=10), EndTime=now + timedelta(minutes=1), Period=60
)
assert report["Contributors"][0]["Keys"] == ["hot"], report

scaling.put_scheduled_action(
    **writes,
    ScheduledActionName="soon",
    Schedule="rate(1 minute)",
    ScalableTargetAction={"MinCapacity": 30, "MaxCapacity": 40},
)
wait_for(30, 150)
try:
    scaling.put_scaling_policy(**writes, PolicyName="steps", PolicyType="StepScaling")
    raise AssertionError("a policy that steps")
except scaling.exceptions.ValidationException:
    pass
scaling.deregister_scalable_target(**writes)
assert cloudwatch.describe_alarms(AlarmNamePrefix="TargetTracking-")["MetricAlarms"] == []
try:
    scaling.deregister_scalable_target(**writes)
    raise AssertionError("a target that is not there")
except scaling.exceptions.ObjectNotFoundException:
    pass
print(f"Application Auto Scaling through boto3 {boto3.__version__}: as expected")
