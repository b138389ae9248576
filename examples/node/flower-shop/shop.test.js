import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { after, describe, test } from "node:test";

import { Client } from "../irisws.js";
import { createShop } from "./server.js";

const FLOWER = { sl: 3.0, sw: 2.0, pl: 1.0, pw: 1.0 };
const NOWHERE = "http://127.0.0.1:2"; // a port that no test server is given
const AWAY = "Our flower expert is away for a moment, please try again soon.";

describe("the shop", () => {
  test("the page may load nothing but its own files", async () => {
    const shop = await open({ irisws: NOWHERE });
    const page = await shop.get("/");
    assert.equal(page.status, 200);
    assert.match(page.headers.get("content-security-policy"), /^default-src 'none'; /);
    const html = await page.text();
    assert.doesNotMatch(html, /https?:|<style|style=|<script(?![^>]* src=)| on\w+=/);
    for (const [, path] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
      assert.equal((await shop.get(path)).status, 200, path);
    }
  });

  test("HEAD is answered like GET, without the page", async () => {
    const shop = await open({ irisws: NOWHERE });
    const reply = await fetch(`${shop.url}/`, { method: "HEAD" });
    assert.equal(reply.status, 200);
    assert.notEqual(reply.headers.get("content-length"), "0");
  });

  test("an unknown path is 404, an unknown method 405 with Allow", async () => {
    const shop = await open({ irisws: NOWHERE });
    assert.equal((await shop.get("/../server.js")).status, 404);
    assert.equal((await shop.get("/constructor")).status, 404);
    const reply = await shop.get("/api/identify");
    assert.equal(reply.status, 405);
    assert.equal(reply.headers.get("allow"), "POST");
  });

  for (const body of ["", "{", "null", "[3.0, 2.0, 1.0, 1.0]", '"iris"']) {
    test(`a body of ${JSON.stringify(body)} is 400`, async () => {
      const shop = await open({ irisws: NOWHERE });
      const { status, reply } = await shop.identify(body);
      assert.equal(status, 400);
      assert.match(reply.message, /^Please send a JSON object/);
    });
  }

  test("a body over the limit is 413", async () => {
    const shop = await open({ irisws: NOWHERE });
    assert.equal((await shop.identify(" ".repeat(4096) + "{}")).status, 413);
  });

  test("a species that is not sold has no price", async () => {
    const irisws = await expert({ label: "toString", probabilities: { toString: 0.5 } });
    const shop = await open({ irisws: irisws.url });
    const { status, reply } = await shop.identify(FLOWER);
    assert.equal(status, 200);
    assert.deepEqual([reply.name, reply.price, reply.stock], [null, null, 0]);
  });

  test("it is polite while irisws is away, and recovers when it is back", async () => {
    const irisws = await expert({ label: "setosa", probabilities: { setosa: 1 } });
    const shop = await open({ irisws: irisws.url });
    assert.equal((await shop.identify(FLOWER)).reply.name, "Bristle-pointed iris");
    await irisws.close();
    const { status, reply } = await shop.identify(FLOWER);
    assert.equal(status, 503);
    assert.equal(reply.message, AWAY);
    assert.equal((await shop.get("/")).status, 200);
    assert.deepEqual(await (await shop.get("/health")).json(), { status: "ok" });
    await irisws.open();
    assert.equal((await shop.identify(FLOWER)).reply.species, "setosa");
  });

  test("it does not wait for an irisws that hangs", async () => {
    const irisws = await listen(http.createServer(() => {}));
    const shop = await open({ irisws: new Client(irisws.url, { timeoutMs: 50 }) });
    assert.equal((await shop.identify(FLOWER)).status, 503);
  });

  test("it ends its question to irisws when the customer leaves", { timeout: 5000 }, async () => {
    const customer = new AbortController();
    const server = http.createServer(() => customer.abort());
    const irisws = await listen(server);
    const shop = await open({ irisws: new Client(irisws.url, { timeoutMs: 60_000 }) });
    const asked = once(server, "request").then(([request]) => once(request.socket, "close"));
    await assert.rejects(shop.identify(FLOWER, customer.signal));
    await asked;
  });
});

const { IRISWS_URL } = process.env;

describe("the shop with the real irisws", { skip: !IRISWS_URL && "IRISWS_URL is not set" }, () => {
  test("it tells species, price, stock and what is unusual", async () => {
    const stock = { versicolor: { name: "Blue flag iris", price: 5.9, inStock: 7 } };
    const shop = await open({ irisws: IRISWS_URL, stock });
    const detail = "sepal_length 3.0 cm is outside the 4.3 to 7.9 cm seen in training";
    assert.deepEqual((await shop.identify(FLOWER)).reply, {
      species: "versicolor",
      name: "Blue flag iris",
      confidence: 1,
      stock: 7,
      price: 5.9,
      currency: "EUR",
      warnings: [{ field: "sl", detail }],
    });
  });

  test("it passes on what irisws says of each field", async () => {
    const shop = await open({ irisws: IRISWS_URL });
    const { status, reply } = await shop.identify({ sl: "long", sw: 2.0, pw: 1.0, "a/b": 1 });
    assert.equal(status, 422);
    assert.equal(reply.message, "Please check your measures.");
    assert.deepEqual(reply.errors, [
      { field: "a/b", detail: "is not a known name" },
      { field: "sl", detail: "expected a number in cm, got a string" },
      { field: "pl", detail: "is missing: petal_length (or pl) in cm" },
    ]);
  });
});

/** An open shop; it closes with the tests. */
async function open(options) {
  const { url } = await listen(createShop(options));
  return {
    url,
    get: (path) => fetch(url + path),
    async identify(flower, signal) {
      const body = typeof flower === "string" ? flower : JSON.stringify(flower);
      const response = await fetch(`${url}/api/identify`, { method: "POST", body, signal });
      return { status: response.status, reply: await response.json() };
    },
  };
}

/** A stand-in for irisws that says the same of every flower, and can leave and come back. */
function expert(prediction) {
  const reply = JSON.stringify({ predictions: [{ index: 0, warnings: [], ...prediction }] });
  return listen(http.createServer((request, response) => response.end(reply)));
}

/** Listens on a port that the server keeps when it closes and opens again. */
async function listen(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  const close = () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    return closed;
  };
  const reopen = () => once(server.listen(port, "127.0.0.1"), "listening");
  after(close);
  return { url: `http://127.0.0.1:${port}`, close, open: reopen };
}
