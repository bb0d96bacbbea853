// Relay, with a network of its own: queries by fetch, streams by WebSocket. It executes what its compiler wrote.
const { join } = require('node:path');
const { Environment, Network, Observable, RecordSource, Store } = require('relay-runtime');
const { fetchQuery, requestSubscription } = require('relay-runtime');
const { createClient } = require('graphql-ws');

const IDENTIFIED = ['Precheck', 'PrecheckItem', 'Provider'];
const artifact = (query) => {
  const [, name] = query.match(/(?:query|subscription) (\w+)/);
  return require(join(process.env.RELAY_ARTIFACTS, `${name}.graphql`));
};
const codes = (error) => {
  const errors = error?.source?.errors ?? error;
  return Array.isArray(errors) ? errors.map((each) => each.extensions.code) : [];
};

const network = ({ url, fetch }, socket) => {
  const ask = async ({ text }, variables) => {
    const headers = { 'content-type': 'application/json', accept: 'application/graphql-response+json' };
    return (await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: text, variables }) })).json();
  };
  const follow = ({ text }, variables) =>
    Observable.create((sink) => socket.subscribe({ query: text, variables }, sink));
  return Network.create(ask, follow);
};

exports.Relay = ({ url, fetch, connected }) => {
  const socket = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: require('ws'),
    retryAttempts: 0, // who subscribes again has a newer cursor than the client's own retry
    on: { connected },
  });
  const environment = new Environment({
    network: network({ url, fetch }, socket),
    store: new Store(new RecordSource()),
    // Relay takes every `id` for one of the whole graph: those of the other types are not.
    getDataID: ({ id }, type) => (IDENTIFIED.includes(type) ? id : null),
  });
  return {
    environment,
    artifact,
    codes,
    end: () => socket.dispose(),
    ask: async (query, variables) => {
      try {
        const data = await fetchQuery(environment, artifact(query), variables).toPromise();
        return { data, codes: codes(data.precheck?.errors) };
      } catch (error) {
        return { data: null, codes: codes(error) };
      }
    },
    follow: (query, variables, { next, error, complete }) => {
      const { dispose } = requestSubscription(environment, {
        subscription: artifact(query),
        variables: { ...variables },
        onNext: (data) => next({ data }),
        onError: error,
        onCompleted: complete,
      });
      return { unsubscribe: dispose };
    },
  };
};
