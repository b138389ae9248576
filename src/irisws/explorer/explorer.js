"use strict";

SwaggerUIBundle({
  dom_id: "#explorer",
  url: "openapi.json", // relative: the application may be mounted anywhere
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null, // the badge would send the document to another host
});
