// amqplib of npm, for Node.js: node amqplib_flow.js URL TOKEN; NODE_PATH names the folder that holds amqplib.
"use strict";

const amqp = require("amqplib");

const headers = { "grüße": "漢字 🚦", n: 7, yes: true, nested: { list: ["a", 1] } };

async function flow(url, token) {
  const connection = await amqp.connect(url);
  const channel = await connection.createConfirmChannel();
  const returned = [];
  channel.on("return", (message) => {
    returned.push(message.fields.replyCode, message.fields.replyText, message.content.toString());
  });
  const exchange = `x-${token}`;
  await channel.assertExchange(exchange, "topic", { durable: true, autoDelete: true });
  const { queue } = await channel.assertQueue("", { exclusive: true });
  await channel.bindQueue(queue, exchange, "true.#.vapp.*");
  const options = { headers, persistent: true, contentType: "text/plain", mandatory: true };
  for (const body of ["one", "two"]) {
    channel.publish(exchange, "true.com.vmware.vapp.create", Buffer.from(body), options);
  }
  channel.publish(exchange, "false.nobody", Buffer.from("lost"), { mandatory: true });
  await channel.waitForConfirms();

  await channel.prefetch(1);
  const deliveries = [];
  await new Promise((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error("no delivery came")), 15000);
    channel.consume(queue, (message) => {
      const { redelivered, routingKey } = message.fields;
      const same = JSON.stringify(message.properties.headers) === JSON.stringify(headers);
      deliveries.push([message.content.toString(), redelivered, routingKey, same]);
      if (deliveries.length === 1) channel.nack(message, false, true);
      else channel.ack(message);
      if (deliveries.length === 3) {
        clearTimeout(patience);
        resolve();
      }
    });
  });
  const left = (await channel.checkQueue(queue)).messageCount;
  await channel.close();
  await connection.close();
  return { returned, deliveries, left };
}

flow(process.argv[2], process.argv[3]).then(
  (seen) => process.stdout.write(JSON.stringify(seen)),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  },
);
