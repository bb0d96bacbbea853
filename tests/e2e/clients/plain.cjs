// graphql-ws and graphql-sse by themselves. Both come back by themselves, and write out the request anew each time
// with the variables as they are then.
const graphqlSse = require('graphql-sse');
const graphqlWs = require('graphql-ws');

const ATTEMPTS = 1000;
const soon = () => new Promise((resolve) => setTimeout(resolve, 50));
const codes = (errors) => (Array.isArray(errors) ? errors.map((each) => each.extensions.code) : []);

const asked = (client, query, variables) =>
  new Promise((resolve, reject) => {
    let answer;
    client.subscribe(
      { query, variables },
      {
        next: ({ data, errors }) => (answer = { data, codes: codes(errors) }),
        error: reject,
        complete: () => resolve(answer),
      },
    );
  });

const connect = (client, refused) => ({
  codes,
  resumes: true,
  end: () => client.dispose(),
  drop: () => client.terminate(),
  ask: (query, variables) =>
    asked(client, query, variables).catch(async (error) => ({ data: null, codes: codes(await refused(error)) })),
  follow: (query, variables, sink) => ({ unsubscribe: client.subscribe({ query, variables }, sink) }),
});

exports['graphql-ws'] = ({ url, connected, closed }) => {
  const client = graphqlWs.createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: require('ws'),
    lazy: false,
    retryAttempts: ATTEMPTS,
    retryWait: soon,
    shouldRetry: () => true, // also while nobody listens: a server that restarts
    on: { connected, closed },
  });
  return connect(client, (errors) => errors);
};

const bySse = (singleConnection) => ({ url, connected }) => {
  const client = graphqlSse.createClient({ url, singleConnection, retryAttempts: ATTEMPTS, retry: soon, on: { connected } });
  return connect(client, async ({ response }) => (await response.json()).errors);
};
exports['graphql-sse'] = bySse(false);
exports['graphql-sse-single'] = bySse(true);
