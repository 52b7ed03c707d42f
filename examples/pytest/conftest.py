"""A cluster of Longitude for the tests of a session, set back before each of them."""

import json
import os
import subprocess
import urllib.request
from pathlib import Path

import boto3
import pytest

REGIONS = ["us-east-1", "eu-west-1"]
TEMPLATE = Path(__file__).parent.parent / "template.yaml"


class Cluster:
    def __init__(self, endpoints):
        self.endpoints = endpoints

    def client(self, region):
        return boto3.client(
            "dynamodb",
            region_name=region,
            endpoint_url=self.endpoints[region],
            aws_access_key_id="any",
            aws_secret_access_key="any",
        )

    def ask(self, path, **body):
        """POST /_longitude/PATH; fails the test with the reason when that is refused."""
        request = urllib.request.Request(
            f"{self.endpoints[REGIONS[0]]}/_longitude/{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request) as response:
                return json.load(response)
        except urllib.error.HTTPError as refusal:
            pytest.fail(json.load(refusal)["error"])


@pytest.fixture(scope="session")
def served_cluster():
    longitude = os.environ.get("LONGITUDE", "longitude")
    options = ["--regions", ",".join(REGIONS), "--clock", "manual", "--tables", str(TEMPLATE), "--json"]
    server = subprocess.Popen([longitude, "serve", "--ephemeral", *options], stdout=subprocess.PIPE, text=True)
    regions = json.loads(server.stdout.readline())["regions"]
    yield Cluster({each["region"]: each["endpoint"] for each in regions})
    server.terminate()
    server.wait()


@pytest.fixture
def cluster(served_cluster):
    served_cluster.ask("reset")
    return served_cluster
