// Watches one subscription through a gateway, once: each line it prints is JSON. Ends when the gateway says so.
const [, , name, url, query, variables, token] = process.argv;
const authorization = token && `Bearer ${token}`;
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const clients = {
  'graphql-ws': () =>
    require('graphql-ws').createClient({
      url: url.replace('http', 'ws'),
      webSocketImpl: require('ws'),
      retryAttempts: 0,
      connectionParams: authorization && { authorization },
    }),
  'graphql-sse': () =>
    require('graphql-sse').createClient({ url, retryAttempts: 0, headers: authorization && { authorization } }),
};
clients[name]().subscribe(
  { query, variables: JSON.parse(variables) },
  {
    next: (result) => say({ next: result }),
    error: (error) => {
      say({ failed: Array.isArray(error) ? error : String(error.message ?? error.reason ?? error) });
      process.exit(1);
    },
    complete: () => {
      say({ complete: true });
      process.exit(0);
    },
  },
);
