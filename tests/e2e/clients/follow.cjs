// Follows one subscription as a front end does: whenever the connection is lost, the client subscribes again by
// itself, with the cursor of the newest event. Each argument and each line it prints is JSON; a line on standard
// input makes it drop its connection.
const [, , name, url, query, given] = process.argv;
const variables = JSON.parse(given);
const again = { attempts: 1000, wait: () => new Promise((resolve) => setTimeout(resolve, 20)) };
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const why = (error) => error.message ?? error.reason ?? (Array.isArray(error) ? error[0].message : String(error));

const clients = {
  'graphql-ws': () =>
    require('graphql-ws').createClient({
      url: url.replace('http', 'ws'),
      webSocketImpl: require('ws'),
      lazy: false,
      retryAttempts: again.attempts,
      retryWait: again.wait,
      shouldRetry: () => true, // also while nobody listens: a server that restarts
      on: {
        connected: () => say({ connected: true }),
        closed: (event) => say({ closed: event.code }),
      },
    }),
  'graphql-sse': (options) =>
    require('graphql-sse').createClient({
      url,
      retryAttempts: again.attempts,
      retry: again.wait,
      on: { connected: () => say({ connected: true }) },
      ...options,
    }),
  'graphql-sse-single': () => clients['graphql-sse']({ singleConnection: true }),
};

const client = clients[name]();
// Both clients write out the request anew each time they subscribe, with the variables as they are then.
client.subscribe(
  { query, variables },
  {
    next: (result) => {
      variables.after = result.data?.precheckUpdates.cursor ?? variables.after;
      say({ next: result });
    },
    error: (error) => {
      say({ failed: why(error) });
      process.exit(1);
    },
    complete: () => {
      say({ complete: true });
      process.exit(0);
    },
  },
);
process.stdin.on('data', () => client.terminate());
