// Asks once by each client's own API; prints what that hands out: the data, and the codes of its errors.
const [, , name, url, query, variables] = process.argv;
const client = require('./named.cjs')[name]({ url, fetch });

client.ask(query, JSON.parse(variables)).then((answer) => {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  process.exit(0);
});
