// Audits a server by the suite of graphql-http, and prints what came of each audit as one line of JSON.
const { auditServer } = require('graphql-http');

auditServer({ url: process.argv[2] }).then((results) =>
  console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason })))),
);
