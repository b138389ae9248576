import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { after, describe, test } from "node:test";

import {
  Client,
  ConnectionError,
  InvalidRowsError,
  IriswsError,
  ProblemError,
  TimeoutError,
  UnavailableError,
} from "./irisws.js";

const FLOWER = { sl: 3.0, sw: 2.0, pl: 1.0, pw: 1.0 };
const PREDICTION = { label: "versicolor", index: 1, probabilities: {}, warnings: [] };
const NOWHERE = "http://127.0.0.1:2"; // a port that no test server is given
const QUICK = { backoffMs: 1, maxBackoffMs: 1500 };

const good = json(200, { predictions: [PREDICTION], model: { name: "iris", version: "1.0" } });
const hang = () => {};
const reset = (request) => request.socket.resetAndDestroy();

describe("a request", { concurrency: true }, () => {
  test("predict posts the rows as instances and returns the predictions", async () => {
    const service = await serve(good);
    assert.deepEqual(await service.client().predict([FLOWER]), [PREDICTION]);
    const [{ method, url, headers, body }] = service.requests;
    assert.equal(`${method} ${url}`, "POST /v1/predict");
    assert.equal(headers["content-type"], "application/json");
    assert.equal(headers.accept, "application/json");
    assert.deepEqual(JSON.parse(body), { instances: [FLOWER] });
  });

  test("predictOne returns the only prediction", async () => {
    const service = await serve(good);
    assert.deepEqual(await service.client().predictOne([3.0, 2.0, 1.0, 1.0]), PREDICTION);
  });

  for (const number of [NaN, Infinity]) {
    test(`${number} is refused before it is sent, and does not become a missing value`, async () => {
      const service = await serve(good);
      await assert.rejects(service.client().predictOne({ ...FLOWER, pw: number }), RangeError);
      assert.equal(service.requests.length, 0);
    });
  }

  test("null goes as it is", async () => {
    const service = await serve(good);
    await service.client().predictOne([null, 2.0, 1.0, 1.0]);
    assert.deepEqual(JSON.parse(service.requests[0].body), { instances: [[null, 2.0, 1.0, 1.0]] });
  });

  test("model gets the card", async () => {
    const service = await serve(json(200, { name: "iris" }));
    assert.deepEqual(await service.client().model(), { name: "iris" });
    assert.equal(`${service.requests[0].method} ${service.requests[0].url}`, "GET /v1/model");
  });

  test("the path of the base address is kept", async () => {
    const service = await serve(good);
    await new Client(`${service.url}/flowers`).predictOne(FLOWER);
    assert.equal(service.requests[0].url, "/flowers/v1/predict");
  });

  test("ready is true on 200, and false on 503 without a second try", async () => {
    const service = await serve(json(200, { status: "ready" }), json(503, { status: 503 }));
    assert.equal(await service.client().ready(), true);
    assert.equal(await service.client().ready(), false);
    assert.equal(service.requests.length, 2);
  });

  test("ready throws UnavailableError where nothing answers", async () => {
    const client = new Client(NOWHERE, QUICK);
    await assert.rejects(client.ready(), UnavailableError);
  });

  test("the fetch that is passed in is the one used", async () => {
    const fetch = async () => Response.json({ predictions: [PREDICTION] });
    assert.deepEqual(await new Client("http://iris", { fetch }).predictOne(FLOWER), PREDICTION);
  });
});

describe("retries", { concurrency: true }, () => {
  for (const status of [429, 502, 503, 504]) {
    test(`${status} is tried again`, async () => {
      const service = await serve(json(status, {}), json(status, {}), good);
      assert.deepEqual(await service.client().predictOne(FLOWER), PREDICTION);
      assert.equal(service.requests.length, 3);
    });
  }

  for (const status of [400, 404, 422, 500]) {
    test(`${status} is not tried again`, async () => {
      const service = await serve(json(status, {}), good);
      await assert.rejects(service.client().predictOne(FLOWER), ProblemError);
      assert.equal(service.requests.length, 1);
    });
  }

  test("a redirect is reported, not followed", async () => {
    const service = await serve(text(307, "", { location: "/elsewhere" }), good);
    await assert.rejects(service.client().predictOne(FLOWER), { status: 307 });
    assert.equal(service.requests.length, 1);
  });

  test("a reset connection is tried again", async () => {
    const service = await serve(reset, good);
    assert.deepEqual(await service.client().predictOne(FLOWER), PREDICTION);
  });

  test("a reply that breaks off is tried again", async () => {
    const service = await serve(breakOff, good);
    assert.deepEqual(await service.client().predictOne(FLOWER), PREDICTION);
  });

  test("a refused connection gives UnavailableError in the end", async () => {
    const client = new Client(NOWHERE, { ...QUICK, retries: 2 });
    await assert.rejects(client.predictOne(FLOWER), (error) => {
      assert.ok(error instanceof UnavailableError && error instanceof IriswsError);
      assert.ok(error.cause instanceof ConnectionError);
      assert.match(error.message, /ECONNREFUSED/);
      assert.equal(error.attempts, 3);
      return true;
    });
  });

  test("the problem of the last attempt is the cause of UnavailableError", async () => {
    const service = await serve(json(503, { status: 503, detail: "draining" }));
    await assert.rejects(service.client({ retries: 1 }).predictOne(FLOWER), (error) => {
      assert.equal(error.attempts, 2);
      assert.equal(error.cause.problem.detail, "draining");
      return true;
    });
    assert.equal(service.requests.length, 2);
  });

  test("the longest wait doubles each time", async (t) => {
    t.mock.method(Math, "random", () => 1);
    const service = await serve(json(503, {}));
    await assert.rejects(service.client({ backoffMs: 100 }).predictOne(FLOWER), UnavailableError);
    const [a, b, c, d] = service.requests.map(({ atMs }) => atMs);
    assert.ok(b - a >= 95 && c - b >= 195 && d - c >= 395); // timers may be early by a little
  });

  test("no wait is longer than maxBackoffMs", async () => {
    const service = await serve(json(503, {}));
    const client = service.client({ backoffMs: 3_600_000, maxBackoffMs: 20 });
    await assert.rejects(client.predictOne(FLOWER), { attempts: 4 });
  });
});

describe("Retry-After", { concurrency: true }, () => {
  test("seconds are waited", async () => {
    const service = await serve(json(503, {}, { "retry-after": "1" }), good);
    await service.client().predictOne(FLOWER);
    assert.ok(service.requests[1].atMs - service.requests[0].atMs >= 990);
  });

  test("an HTTP date is waited for", async () => {
    const date = new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000);
    const service = await serve(json(429, {}, { "retry-after": date.toUTCString() }), good);
    await service.client({ maxBackoffMs: 3000 }).predictOne(FLOWER);
    assert.ok(Date.now() >= date.getTime() - 10);
  });

  test("a date in the past, or nonsense, adds no wait", async () => {
    const past = json(503, {}, { "retry-after": "Sun, 06 Nov 1994 08:49:37 GMT" });
    const service = await serve(past, json(503, {}, { "retry-after": "soon" }), good);
    assert.deepEqual(await service.client().predictOne(FLOWER), PREDICTION);
  });

  test("a wait beyond maxBackoffMs ends the call at once", async () => {
    const service = await serve(json(503, {}, { "retry-after": "60" }), good);
    await assert.rejects(service.client().predictOne(FLOWER), (error) => {
      assert.ok(error instanceof UnavailableError);
      assert.equal(error.attempts, 1);
      assert.equal(error.cause.retryAfterMs, 60_000);
      return true;
    });
    assert.equal(service.requests.length, 1);
  });
});

describe("time limits", { concurrency: true }, () => {
  test("an attempt without a reply ends in TimeoutError and is not repeated", async () => {
    const service = await serve(hang);
    await assert.rejects(service.client({ timeoutMs: 50 }).predictOne(FLOWER), (error) => {
      assert.ok(error instanceof TimeoutError && error instanceof IriswsError);
      assert.equal(error.timeoutMs, 50);
      return true;
    });
    assert.ok(service.requests.length <= 1); // a busy machine may not even get to send it
  });

  test("the limit covers the body of the reply", async () => {
    const service = await serve((request, response) => response.write('{"predictions":'));
    await assert.rejects(service.client({ timeoutMs: 50 }).predictOne(FLOWER), TimeoutError);
  });

  test("each attempt has the whole limit for itself", async () => {
    const slow = (request, response) => setTimeout(json(503, {}), 1000, request, response);
    const service = await serve(slow, slow, good);
    const client = service.client({ timeoutMs: 1900 });
    assert.deepEqual(await client.predictOne(FLOWER), PREDICTION);
  });
});

describe("the caller's signal", { concurrency: true }, () => {
  test("ends a call before it starts", async () => {
    const service = await serve(good);
    const signal = AbortSignal.abort(new Error("closed"));
    await assert.rejects(service.client().predictOne(FLOWER, { signal }), { message: "closed" });
    assert.equal(service.requests.length, 0);
  });

  test("ends a call under way with the caller's own reason", async () => {
    const caller = new AbortController();
    const service = await serve(() => caller.abort(new Error("closed")));
    const call = service.client().predictOne(FLOWER, { signal: caller.signal });
    await assert.rejects(call, { message: "closed" });
  });

  test("ends a call that waits to try again", async () => {
    const service = await serve(json(503, {}, { "retry-after": "30" }));
    const client = service.client({ maxBackoffMs: 60_000 });
    const startMs = performance.now();
    const call = client.predictOne(FLOWER, { signal: AbortSignal.timeout(100) });
    await assert.rejects(call, { name: "TimeoutError", constructor: DOMException });
    assert.ok(performance.now() - startMs < 5000);
  });

  test("the signal of the client ends all its calls, and many calls raise no warning", async () => {
    process.on("warning", assert.ifError);
    after(() => process.off("warning", assert.ifError));
    const caller = new AbortController();
    const service = await serve(hang);
    const client = service.client({ signal: caller.signal });
    const calls = Array.from({ length: 20 }, () => client.predictOne(FLOWER));
    setTimeout(() => caller.abort(new Error("closing")), 50);
    for (const { reason } of await Promise.allSettled(calls)) {
      assert.equal(reason.message, "closing");
    }
  });
});

describe("error replies", { concurrency: true }, () => {
  test("422 becomes InvalidRowsError with every fault", async () => {
    const detail = "expected a number in cm, got a string";
    const errors = [{ pointer: "/instances/0/sl", detail }];
    const problem = { type: "about:blank", title: "Unprocessable", status: 422, errors };
    const service = await serve(json(422, { ...problem, request_id: "7f" }));
    await assert.rejects(service.client().predictOne(FLOWER), (error) => {
      assert.ok(error instanceof InvalidRowsError && error instanceof ProblemError);
      assert.deepEqual(error.errors, errors);
      assert.equal(error.requestId, "7f");
      return true;
    });
  });

  for (const body of ["<h1>It broke</h1>", "", "null", '"no"', "[1]", '{"errors": 3}']) {
    test(`a body of ${JSON.stringify(body)} is no obstacle`, async () => {
      const service = await serve(text(422, body, { "x-request-id": "8a" }));
      await assert.rejects(service.client().predictOne(FLOWER), (error) => {
        assert.ok(error instanceof InvalidRowsError);
        assert.equal(error.message, "422: Unprocessable Entity");
        assert.deepEqual(error.errors, []);
        assert.equal(error.requestId, "8a");
        return true;
      });
    });
  }

  for (const body of ["<h1>Welcome</h1>", "null", '{"hello": "you"}']) {
    test(`200 with ${JSON.stringify(body)} is not irisws`, async () => {
      const service = await serve(text(200, body));
      await assert.rejects(service.client().predictOne(FLOWER), { name: "IriswsError" });
    });
  }
});

const { IRISWS_URL } = process.env;

describe("the real service", { skip: !IRISWS_URL && "IRISWS_URL is not set" }, () => {
  test("it names flowers, in order", async () => {
    const rows = [FLOWER, [5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]];
    const predictions = await new Client(IRISWS_URL).predict(rows);
    const labels = predictions.map(({ label }) => label);
    assert.deepEqual(labels, ["versicolor", "setosa", "virginica"]);
  });

  test("it warns of a value outside the training range", async () => {
    const { index, probabilities, warnings } = await new Client(IRISWS_URL).predictOne(FLOWER);
    assert.equal(index, 1);
    assert.deepEqual(probabilities, { setosa: 0, versicolor: 1, virginica: 0 });
    assert.equal(
      warnings[0].detail,
      "sepal_length 3.0 cm is outside the 4.3 to 7.9 cm seen in training",
    );
  });

  test("it is ready and tells of its model", async () => {
    const client = new Client(IRISWS_URL);
    assert.equal(await client.ready(), true);
    const { features } = await client.model();
    assert.deepEqual(features.map(({ alias }) => alias), ["sl", "sw", "pl", "pw"]);
  });

  test("it names the fault, the place and the name that was meant", async () => {
    const call = new Client(IRISWS_URL).predictOne({ sl: 3.0, sw: 2.0, pl: 1.0, petal_widht: 1.0 });
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof InvalidRowsError);
      assert.equal(error.errors[0].pointer, "/instances/0/petal_widht");
      assert.equal(error.errors[0].suggestion, "petal_width");
      assert.match(error.requestId, /^[0-9a-f]{32}$/);
      return true;
    });
  });
});

/** A server that gives its replies in turn and repeats the last one; it ends with the tests. */
async function serve(...replies) {
  const requests = [];
  const server = http.createServer(async (request, response) => {
    const { method, url, headers } = request;
    const reply = replies[Math.min(requests.length, replies.length - 1)];
    const record = { method, url, headers, atMs: performance.now(), body: "" };
    requests.push(record);
    for await (const chunk of request) record.body += chunk;
    reply(request, response);
  });
  const url = await listening(server);
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url, requests, client: (options) => new Client(url, { ...QUICK, ...options }) };
}

async function listening(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}`;
}

function text(status, body, headers) {
  return (request, response) => response.writeHead(status, headers).end(body);
}

function json(status, body, headers) {
  return text(status, JSON.stringify(body), { "content-type": "application/json", ...headers });
}

function breakOff(request, response) {
  response.writeHead(200, { "content-length": 1000 });
  response.write('{"predictions":', () => request.socket.destroy());
}
