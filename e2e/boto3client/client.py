"""Makes calls of AWS through boto3 and prints what the client understood.

The order is read from stdin: {"calls": [{"service", "operation", "input", "pages"}]};
with pages true the client's own paginator turns all pages. An input's Body is in
base64. Endpoint, region and credentials come from the environment.
"""

import base64
import json
import sys

import boto3

clients = {}
answers = []
for call in json.load(sys.stdin)["calls"]:
    name = call["service"]
    client = clients[name] = clients.get(name) or boto3.client(name)
    request = call["input"]
    if "Body" in request:
        request["Body"] = base64.b64decode(request["Body"])
    if call.get("pages"):
        pages = list(client.get_paginator(call["operation"]).paginate(**request))
    else:
        pages = [getattr(client, call["operation"])(**request)]
    for page in pages:
        page.pop("ResponseMetadata", None)
    answers.append(pages)
json.dump(answers, sys.stdout, default=str)
