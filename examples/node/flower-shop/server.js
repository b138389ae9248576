/**
 * A flower shop: customers type in what they measured, irisws names the flower, the shop adds
 * price and stock. It needs nothing but Node.js and runs on when irisws does not.
 *
 *     node server.js
 */

import { readFileSync } from "node:fs";
import http from "node:http";
import { pathToFileURL } from "node:url";

import { Client, InvalidRowsError, IriswsError } from "../irisws.js";
import { stock as ourStock } from "./stock.js";

const MAX_BODY_BYTES = 4096; // four measures take about 40
const AWAY = "Our flower expert is away for a moment, please try again soon.";

/** The page's field for each feature; irisws points at either name. */
const FIELDS = { sepal_length: "sl", sepal_width: "sw", petal_length: "pl", petal_width: "pw" };

const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/**
 * Makes the shop's server; `listen` opens it.
 *
 * @param {object} options
 * @param {Client | string | URL} options.irisws The service that names flowers, or its address.
 * @param {Record<string, { name: string, price: number, inStock: number }>} [options.stock]
 * @returns {http.Server}
 */
export function createShop({ irisws, stock = ourStock }) {
  const client =
    irisws instanceof Client ? irisws : new Client(irisws, { timeoutMs: 2000, retries: 2 });
  const routes = {
    "/": { GET: page("shop.html", "text/html") },
    "/shop.css": { GET: page("shop.css", "text/css") },
    "/shop.js": { GET: page("shop.js", "text/javascript") },
    "/flower.svg": { GET: page("flower.svg", "image/svg+xml") },
    "/health": { GET: () => json(200, { status: "ok" }) },
    "/api/identify": { POST: identify(client, stock) },
  };
  return http.createServer({ requestTimeout: 10_000 }, async (request, response) => {
    const { status, headers, body } = await answer(routes, request, response);
    const length = { "content-length": Buffer.byteLength(body) };
    response.writeHead(status, { ...HEADERS, ...length, ...headers });
    response.end(body); // Node leaves it out for HEAD
  });
}

/** A reply for the customer, thrown from wherever it becomes clear. */
class Refusal extends Error {
  constructor(status, message, { errors = [], headers = {} } = {}) {
    super(message);
    Object.assign(this, { status, errors, headers });
  }
}

/** Finds the handler and calls it; every error becomes a reply, so nothing stops the server. */
async function answer(routes, request, response) {
  const left = new AbortController();
  response.once("close", () => left.abort());
  try {
    return await handlerOf(routes, request)(request, left.signal);
  } catch (error) {
    if (error instanceof Refusal) return refusal(error);
    if (!left.signal.aborted) console.error(error);
    return refusal(new Refusal(500, "Something went wrong in our shop."));
  }
}

/** The handler for a request; refuses unknown paths (404) and methods (405). */
function handlerOf(routes, { method, url }) {
  const [path] = url.split("?");
  if (!Object.hasOwn(routes, path)) throw new Refusal(404, "There is nothing at this address.");
  const handlers = routes[path];
  const wanted = method === "HEAD" ? "GET" : method;
  if (Object.hasOwn(handlers, wanted)) return handlers[wanted];
  const allow = "GET" in handlers ? "GET, HEAD" : "POST";
  throw new Refusal(405, `This address answers ${allow} only.`, { headers: { allow } });
}

/** POST /api/identify: `{"sl": 3.0, "sw": 2.0, "pl": 1.0, "pw": 1.0}`, in cm. */
function identify(client, stock) {
  return async (request, signal) => {
    const flower = await readObject(request);
    const { label, probabilities, warnings } = await expertise(client, flower, signal);
    const article = Object.hasOwn(stock, label) ? stock[label] : undefined;
    return json(200, {
      species: label,
      name: article?.name ?? null,
      confidence: probabilities[label],
      stock: article?.inStock ?? 0,
      price: article?.price ?? null,
      currency: "EUR",
      warnings: warnings.map(({ feature, detail }) => ({ field: fieldOf(feature), detail })),
    });
  };
}

/** What irisws says of one flower; its complaints go on in its own words, its absence politely. */
async function expertise(client, flower, signal) {
  try {
    return await client.predictOne(flower, { signal });
  } catch (error) {
    if (error instanceof InvalidRowsError) {
      throw new Refusal(422, "Please check your measures.", { errors: error.errors.map(fault) });
    }
    if (!(error instanceof IriswsError)) throw error;
    console.error(`irisws: ${error.message}`);
    throw new Refusal(503, AWAY, { headers: { "retry-after": "5" } });
  }
}

/** `{pointer: "/instances/0/petal_width", …}` as `{field: "pw", …}`; null: the whole flower. */
function fault({ pointer, detail, suggestion }) {
  const [, , , member] = pointer.split("/"); // RFC 6901: "~1" is a slash, "~0" a tilde
  const name = member?.replaceAll("~1", "/").replaceAll("~0", "~");
  return { field: name === undefined ? null : fieldOf(name), detail, suggestion };
}

function fieldOf(name) {
  return Object.hasOwn(FIELDS, name) ? FIELDS[name] : name;
}

/** The body as a JSON object; refuses what is longer (413) and what is none (400). */
async function readObject(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk); // the rest is read too, so the reply arrives
  }
  if (size > MAX_BODY_BYTES) throw new Refusal(413, `At most ${MAX_BODY_BYTES} bytes, please.`);
  const flower = parsed(Buffer.concat(chunks).toString());
  if (flower !== null && typeof flower === "object" && !Array.isArray(flower)) return flower;
  throw new Refusal(400, 'Please send a JSON object, such as {"sl": 5.1, "sw": 3.5, …}.');
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A handler that serves a file, read once, now. */
function page(name, type) {
  const body = readFileSync(new URL(name, import.meta.url));
  const headers = { "content-type": `${type}; charset=utf-8`, "cache-control": "no-cache" };
  return () => ({ status: 200, headers, body });
}

function json(status, document, headers) {
  const always = { "content-type": "application/json", "cache-control": "no-store" };
  return { status, headers: { ...always, ...headers }, body: JSON.stringify(document) };
}

function refusal({ status, message, errors, headers }) {
  return json(status, { message, errors }, headers);
}

function main() {
  const { HOST = "127.0.0.1", PORT = "3000", IRISWS_URL = "http://127.0.0.1:8080" } = process.env;
  const shop = createShop({ irisws: IRISWS_URL });
  shop.listen(Number(PORT), HOST, () => {
    console.log(`The flower shop is open at http://${HOST}:${shop.address().port}`);
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => shop.close());
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main();
