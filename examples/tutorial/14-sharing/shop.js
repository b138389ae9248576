// The flower shop's web site runs on Node.js.
const { species } = require("./ask.py");

console.log(species);
