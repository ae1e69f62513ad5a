// A connector for Abiquo's workflow feature in JavaScript: Node.js 18 or newer, and no packages.
//
//   ABIQUO_API=http://127.0.0.1:8080/abiquo/api ABIQUO_USER=connector ABIQUO_PASSWORD=gatepost PORT=9000 node connector.mjs
//
// A machine whose label begins with `deny` is declined, with `manual` it waits for a human; every other one is approved.
// It takes the links of a webhook at their word, but never leaves its own cloud.

import http from "node:http";

const API = process.env.ABIQUO_API.replace(/\/+$/, "");
const LOGIN = "Basic " + Buffer.from(`${process.env.ABIQUO_USER}:${process.env.ABIQUO_PASSWORD}`).toString("base64");
const LARGEST = 1_000_000; // bytes of a webhook
const ANSWER = 3_000; // milliseconds that the cloud may take
const ATTEMPTS = 8;
const AT_ONCE = 16;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Refused extends Error {}

/** Where a link leads: below the root of the API, always. Links of webhooks are paths, those of answers whole URLs. */
function resolve(href) {
  if (href.startsWith(API + "/")) return href;
  if (/^[a-z][a-z0-9+.-]*:/i.test(href) || href.startsWith("//")) throw new Refused(`${href} is not our cloud`);
  return `${API}/${href.replace(/^\/+/, "")}`;
}

/** One call, made again while the cloud cannot answer. */
async function call(method, href, body) {
  const url = resolve(href);
  const headers = { Authorization: LOGIN, Accept: "application/json", ...(body && { "Content-Type": "text/plain" }) };
  for (let attempt = 1; ; attempt++) {
    let wait = Math.min(250 * 2 ** attempt, 2_000);
    let problem;
    try {
      const options = { method, headers, body, redirect: "manual", signal: AbortSignal.timeout(ANSWER) };
      const answer = await fetch(url, options);
      const text = await answer.text();
      if (answer.status < 300) return text ? JSON.parse(text) : null;
      if (answer.status < 500 && answer.status !== 429) throw new Refused(`${method} ${href}: ${answer.status}`);
      problem = `${method} ${href}: ${answer.status}`;
      wait = Math.max(wait, 1000 * (Number(answer.headers.get("retry-after")) || 0));
    } catch (error) {
      if (error instanceof Refused) throw error;
      problem = `${method} ${href}: ${error.cause?.message ?? error.message}`;
    }
    if (attempt === ATTEMPTS) throw new Error(problem);
    console.log(`${problem}; again in ${wait} ms`);
    await sleep(wait);
  }
}

async function decide(task) {
  const links = Object.fromEntries(task.links.map((link) => [link.rel, link.href]));
  const { label } = await call("GET", links.target);
  if (label.startsWith("manual")) return;
  const [rel, word] = label.startsWith("deny") ? ["cancel", "Declined"] : ["continue", "Approved"];
  await call("POST", links[rel], `${word}: ${task.type} of ${label}`);
  console.log(`${rel}: ${label}`);
}

// --- each task once, a few at a time ---

const known = new Set();
const queue = [];
let busy = 0;
let ending = false;

function take(task) {
  if (known.has(task.taskId)) return;
  known.add(task.taskId);
  queue.push(task);
  work();
}

function work() {
  while (busy < AT_ONCE && queue.length && !ending) {
    busy++;
    decide(queue.shift())
      .catch((error) => console.log(`not decided: ${error.message}`))
      .finally(() => {
        busy--;
        work();
      });
  }
}

// --- where the cloud calls ---

function tasksOf(body) {
  const document = JSON.parse(body);
  const tasks = document.collection ?? [document];
  const good = Array.isArray(tasks) && tasks.every((task) => typeof task.taskId === "string" && Array.isArray(task.links));
  if (!good) throw new SyntaxError("no tasks");
  return tasks;
}

const server = http.createServer((request, response) => {
  const end = (status) => response.writeHead(status, { "Content-Length": 0, Connection: "close" }).end();
  let body = "";
  if (Number(request.headers["content-length"] ?? 0) > LARGEST) return end(413);
  request.setEncoding("utf8");
  request.on("data", (part) => {
    body += part;
    if (body.length > LARGEST) request.destroy();
  });
  request.on("end", () => {
    try {
      tasksOf(body).forEach(take);
      end(204);
    } catch (error) {
      console.log(`a webhook is refused: ${error.message}`);
      end(400);
    }
  });
});

/** What came before we listened. */
async function lookThrough() {
  const { collection } = await call("GET", "admin/enterprises?limit=0");
  for (const enterprise of collection) {
    const list = enterprise.links.find((link) => link.rel === "pendingtasks").href;
    (await call("GET", `${list}?limit=0`)).collection.forEach(take);
  }
}

async function stop() {
  ending = true;
  server.close();
  for (let left = 50; busy && left; left--) await sleep(100);
  process.exit(0);
}

process.on("SIGTERM", stop);
process.on("SIGINT", stop);
server.listen(Number(process.env.PORT), "127.0.0.1", 511, () => console.log("listening"));
lookThrough().catch((error) => console.log(`the lists cannot be read: ${error.message}`));
