/** The page's script: sends the form, shows the answer or what is wrong with the measures. */

const form = document.querySelector("#flower");
const examples = document.querySelector("#examples");
const element = (id) => document.getElementById(id);

let asking = new AbortController();

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  asking.abort(); // only the latest question counts
  asking = new AbortController();
  const { signal } = asking;
  clear();
  const reply = await identify(signal);
  if (!signal.aborted) show(reply);
});

examples.addEventListener("click", ({ target }) => {
  if (!target.dataset.flower) return;
  const values = target.dataset.flower.split(" ");
  ["sl", "sw", "pl", "pw"].forEach((name, place) => (form.elements[name].value = values[place]));
  form.requestSubmit();
});

async function identify(signal) {
  try {
    const response = await fetch("/api/identify", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(measures()),
      signal,
    });
    return await response.json();
  } catch {
    return { message: "We could not reach our shop, please try again soon.", errors: [] };
  }
}

/** The measures typed in: an empty one is left out, what is no number goes as it is. */
function measures() {
  const typed = [...new FormData(form)].filter(([, text]) => text.trim() !== "");
  return Object.fromEntries(typed.map(([name, text]) => [name, numberOr(text)]));
}

/** "5.1" and "5,1" are the number 5.1; other text stays text, for the expert to judge. */
function numberOr(text) {
  const number = Number(text.replace(",", "."));
  return Number.isFinite(number) ? number : text;
}

function clear() {
  element("waiting").textContent = "Asking our flower expert…";
  element("waiting").hidden = false;
  for (const id of ["problem", "found", "caution"]) element(id).hidden = true;
  for (const input of form.querySelectorAll("input")) {
    input.removeAttribute("aria-invalid");
    element(`${input.name}-message`).textContent = "";
  }
}

function show(reply) {
  element("waiting").hidden = true;
  if (reply.species) showFlower(reply);
  else showProblem(reply);
}

function showFlower({ species, name, confidence, stock, price, currency, warnings }) {
  const money = new Intl.NumberFormat("en", { style: "currency", currency });
  element("name").textContent = name ?? `Iris ${species}`;
  element("species").textContent = `Iris ${species}`;
  element("price").textContent = price === null ? "not for sale" : money.format(price);
  element("stock").textContent = stock === 0 ? "sold out" : stock;
  element("confidence").textContent = `${Math.round(confidence * 100)} %`;
  element("warnings").replaceChildren(...warnings.map(({ detail }) => item(detail)));
  element("caution").hidden = warnings.length === 0;
  element("found").hidden = false;
  element("found").scrollIntoView({ block: "nearest" });
}

function showProblem({ message, errors }) {
  const elsewhere = errors.filter((error) => !showAtField(error));
  const details = elsewhere.map(({ field, detail }) => (field ? `${field} ${detail}` : detail));
  element("problem").textContent = [message, ...details].join(" ");
  element("problem").hidden = false;
  element("problem").scrollIntoView({ block: "nearest" });
  form.querySelector("[aria-invalid]")?.focus();
}

/** Shows the error under its input; false if the page has none for it. */
function showAtField({ field, detail }) {
  const input = form.elements[field];
  if (!(input instanceof HTMLInputElement)) return false;
  input.setAttribute("aria-invalid", "true");
  element(`${field}-message`).textContent = detail;
  return true;
}

function item(text) {
  const entry = document.createElement("li");
  entry.textContent = text;
  return entry;
}
