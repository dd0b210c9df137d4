// Asks an X-Ray endpoint through @aws-sdk/client-xray and prints what the client
// understood, as one JSON object. The order is read from stdin:
// {"start", "end": epoch seconds, "range": TimeRangeType, "filter": expression}.
// Endpoint, region and credentials come from the environment. NODE_PATH names
// the node_modules folder.
"use strict";

const { readFileSync } = require("node:fs");
const { XRayClient, GetTraceSummariesCommand } = require("@aws-sdk/client-xray");

const order = JSON.parse(readFileSync(0, "utf8"));
const client = new XRayClient({});

async function pages(filter) {
  const input = {
    StartTime: new Date(order.start * 1000),
    EndTime: new Date(order.end * 1000),
    TimeRangeType: order.range,
    FilterExpression: filter,
  };
  const answered = [];
  do {
    const output = await client.send(new GetTraceSummariesCommand(input));
    answered.push(output.TraceSummaries.map((t) => ({
      id: t.Id,
      start: t.StartTime.getTime() / 1000,
      duration: t.Duration,
      response: t.ResponseTime,
      partial: t.IsPartial,
      annotations: Object.fromEntries(Object.entries(t.Annotations ?? {}).map(([name, values]) => [name, values[0].AnnotationValue])),
    })));
    input.NextToken = output.NextToken;
  } while (input.NextToken);
  return answered;
}

async function refusal() {
  try {
    await pages("no such filter");
  } catch (error) {
    return { code: error.name, status: error.$metadata.httpStatusCode };
  }
  return null;
}

(async () => {
  process.stdout.write(JSON.stringify({ pages: await pages(order.filter), refusal: await refusal() }));
})().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
