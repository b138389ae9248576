// Ask the shop for a flower, as its page does: node customer.mjs 5.1 3.5 1.4 0.2
const [sl, sw, pl, pw] = process.argv.slice(2).map(Number);

const reply = await fetch("http://127.0.0.1:3000/api/identify", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ sl, sw, pl, pw }),
});
const { name, price, currency, stock, warnings, message, errors } = await reply.json();
console.log(reply.status, message ?? `${name}: ${price} ${currency}, ${stock} in stock`);
for (const { field, detail } of warnings ?? errors) console.log(`    ${field}: ${detail}`);
