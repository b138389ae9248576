// Ask irisws for the species of one flower: node ask.mjs
const flower = { sl: 5.1, sw: 3.5, pl: 1.4, pw: 0.2 };

const reply = await fetch("http://127.0.0.1:8080/v1/predict", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ instances: [flower] }),
  signal: AbortSignal.timeout(2000),
});
const answer = await reply.json();
console.log(reply.ok ? answer.predictions[0].label : answer.detail);
