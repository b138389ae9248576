/**
 * Names an iris by its measures:
 *
 *     node predict.js 3.0 2.0 1.0 1.0
 *     versicolor
 *
 * and a row of any other model likewise; `true`, `false` and `null` are what JSON calls so.
 */

import { Client, InvalidRowsError, IriswsError } from "./irisws.js";

const { IRISWS_URL = "http://127.0.0.1:8080" } = process.env;
const WORDS = new Map([["true", true], ["false", false], ["null", null]]);
const row = process.argv.slice(2).map(valueOf);

if (row.length === 0) {
  console.error("usage: node predict.js VALUE... (in the order of the model's features)");
  process.exitCode = 2;
} else {
  await printLabel(row);
}

/** "3.0" is the number 3, "true" is true; all else goes as it is, for the service to judge. */
function valueOf(argument) {
  if (WORDS.has(argument)) return WORDS.get(argument);
  const number = Number(argument);
  return argument.trim() === "" || !Number.isFinite(number) ? argument : number;
}

async function printLabel(row) {
  try {
    const { label, warnings } = await new Client(IRISWS_URL).predictOne(row);
    console.log(label);
    for (const { detail } of warnings) console.error(`warning: ${detail}`);
  } catch (error) {
    if (!(error instanceof IriswsError)) throw error;
    console.error(error.message);
    if (error instanceof InvalidRowsError) {
      for (const { pointer, detail } of error.errors) console.error(`${pointer}: ${detail}`);
    }
    process.exitCode = 1;
  }
}
