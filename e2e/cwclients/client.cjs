// Asks a CloudWatch endpoint through @aws-sdk/client-cloudwatch and prints what
// the client understood, as one JSON object. The order is read from stdin:
// {"protocol": "json" | "cbor", "start", "end": epoch seconds, "page": points,
//  "queries": [GetMetricData queries], "publish": number of metrics}.
// Endpoint, region and credentials come from the environment. NODE_PATH names
// the node_modules folder.
"use strict";

const { readFileSync } = require("node:fs");
const {
  CloudWatchClient,
  GetMetricDataCommand,
  ListMetricsCommand,
  PutMetricDataCommand,
} = require("@aws-sdk/client-cloudwatch");

const order = JSON.parse(readFileSync(0, "utf8"));

function newClient() {
  if (order.protocol !== "cbor") return new CloudWatchClient({});
  const { AwsSmithyRpcV2CborProtocol } = require("@aws-sdk/core/protocols");
  return new CloudWatchClient({ protocol: AwsSmithyRpcV2CborProtocol });
}

const client = newClient();

async function pages(queries) {
  const input = {
    MetricDataQueries: queries,
    StartTime: new Date(order.start * 1000),
    EndTime: new Date(order.end * 1000),
    ScanBy: "TimestampAscending",
    MaxDatapoints: order.page,
  };
  const answered = [];
  do {
    const output = await client.send(new GetMetricDataCommand(input));
    answered.push(output.MetricDataResults.map((r) => ({
      id: r.Id,
      status: r.StatusCode,
      times: r.Timestamps.map((t) => t.getTime() / 1000),
      values: r.Values,
    })));
    input.NextToken = output.NextToken;
  } while (input.NextToken);
  return answered;
}

async function refusal() {
  try {
    await pages([{ ...order.queries[0], Id: "Capital" }]);
  } catch (error) {
    return { code: error.Code ?? error.name, status: error.$metadata.httpStatusCode };
  }
  return null;
}

async function published() {
  const data = Array.from({ length: order.publish }, (_, i) => ({
    MetricName: `published${i}`,
    Timestamp: new Date(order.start * 1000),
    Values: [0.5, 2],
    Counts: [3, 1],
  }));
  await client.send(new PutMetricDataCommand({ Namespace: "Published", MetricData: data }));
  const listed = await client.send(new ListMetricsCommand({ Namespace: "Published" }));
  return listed.Metrics.length;
}

(async () => {
  const answer = { pages: await pages(order.queries), refusal: await refusal(), published: await published() };
  process.stdout.write(JSON.stringify(answer));
})().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
