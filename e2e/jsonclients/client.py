"""Makes calls through boto3 and prints what the client understood.

Order and answer are those of client.cjs beside it.
"""

import json
import sys

import boto3
import botocore.exceptions
from botocore import xform_name

order = json.load(sys.stdin)
client = boto3.client(order["service"])


def call(operation, input):
    try:
        output = getattr(client, xform_name(operation))(**input)
    except botocore.exceptions.ClientError as error:
        return {"refused": error.response["Error"]["Code"]}
    output.pop("ResponseMetadata")
    return output


answers = [call(c["operation"], c["input"]) for c in order["calls"]]
json.dump(answers, sys.stdout, default=lambda when: when.isoformat())
