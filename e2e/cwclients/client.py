"""Asks a CloudWatch endpoint through boto3 and prints what the client understood.

Order and answer are those of client.cjs beside it.
"""

import json
import sys
from datetime import datetime, timezone

import boto3
import botocore.exceptions
import botocore.model

order = json.load(sys.stdin)
wanted = {"cbor": "smithy-rpc-v2-cbor", "json": "json"}[order["protocol"]]
botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = (wanted,)
client = boto3.client("cloudwatch")


def instant(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc)


def pages(queries):
    request = {
        "MetricDataQueries": queries,
        "StartTime": instant(order["start"]),
        "EndTime": instant(order["end"]),
        "ScanBy": "TimestampAscending",
        "MaxDatapoints": order["page"],
    }
    answered = []
    while True:
        output = client.get_metric_data(**request)
        answered.append([
            {
                "id": r["Id"],
                "status": r["StatusCode"],
                "times": [t.timestamp() for t in r["Timestamps"]],
                "values": r["Values"],
            }
            for r in output["MetricDataResults"]
        ])
        if "NextToken" not in output:
            return answered
        request["NextToken"] = output["NextToken"]


def refusal():
    try:
        pages([dict(order["queries"][0], Id="Capital")])
    except botocore.exceptions.ClientError as error:
        return {
            "code": error.response["Error"]["Code"],
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
        }
    return None


def published():
    data = [
        {"MetricName": f"published{i}", "Timestamp": instant(order["start"]), "Values": [0.5, 2], "Counts": [3, 1]}
        for i in range(order["publish"])
    ]
    client.put_metric_data(Namespace="Published", MetricData=data)
    return len(client.list_metrics(Namespace="Published")["Metrics"])


json.dump({"pages": pages(order["queries"]), "refusal": refusal(), "published": published()}, sys.stdout)
