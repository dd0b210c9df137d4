// Makes calls through the AWS SDK for JavaScript and prints what the client understood,
// as one JSON list. The order is read from stdin:
// {"service": "athena", "calls": [{"operation": "GetQueryExecution", "input": {…}}]}.
// Endpoint, region and credentials come from the environment. NODE_PATH names the
// node_modules folder.
"use strict";

const { readFileSync } = require("node:fs");

const order = JSON.parse(readFileSync(0, "utf8"));
const sdk = require(`@aws-sdk/client-${order.package}`);
const Client = Object.entries(sdk).find(([name]) => name.endsWith("Client") && !name.startsWith("__"))[1];
const client = new Client({});

async function call({ operation, input }) {
  try {
    const { $metadata, ...output } = await client.send(new sdk[`${operation}Command`](input));
    return output;
  } catch (error) {
    return { refused: error.name };
  }
}

(async () => {
  const answers = [];
  for (const c of order.calls) answers.push(await call(c));
  process.stdout.write(JSON.stringify(answers));
})().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
