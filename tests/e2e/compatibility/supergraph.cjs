// The suite's `users` and `inventory` subgraphs, and Apollo's gateway over them and `products`, in one process.
// Arguments: the suite's folder, the address of `products`. Settings of the suite: USERS_PORT, INVENTORY_PORT.
// Ends with its standard input, and so with whoever started it.
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");
const { ApolloGateway, IntrospectAndCompose } = require("@apollo/gateway");
const { ApolloServer } = require("@apollo/server");
const { startStandaloneServer } = require("@apollo/server/standalone");

const [suite, products] = process.argv.slice(2);
const subgraphs = [
  { name: "products", url: products },
  { name: "users", url: `http://localhost:${process.env.USERS_PORT}/` },
  { name: "inventory", url: `http://localhost:${process.env.INVENTORY_PORT}/` },
];

async function isUp({ url }) {
  const body = JSON.stringify({ query: "{ __typename }" });
  try {
    return (await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body })).ok;
  } catch {
    return false; // it does not listen yet
  }
}

async function start() {
  for (const name of ["users", "inventory"]) {
    await import(pathToFileURL(join(suite, "dist", "subgraphs", name, "index.js")));
  }
  for (const subgraph of subgraphs) {
    while (!(await isUp(subgraph))) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const supergraphSdl = new IntrospectAndCompose({ subgraphs });
  const server = new ApolloServer({ gateway: new ApolloGateway({ supergraphSdl }) });
  const { url } = await startStandaloneServer(server, { listen: { host: "localhost", port: 0 } });
  console.log(`gateway: ${url}`);
}

process.stdin.on("end", () => process.exit()).resume();
start().catch((error) => {
  console.error(error);
  process.exit(1);
});
