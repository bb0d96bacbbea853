// urql, with streams by WebSocket or as server-sent events.
const { Client, fetchExchange, subscriptionExchange } = require('@urql/core');
const { createClient } = require('graphql-ws');

const codes = (error) => error?.graphQLErrors.map((each) => each.extensions.code) ?? [];

const connect = (options, end = () => {}) => {
  const client = new Client({ preferGetMethod: false, ...options });
  return {
    codes,
    end,
    ask: async (query, variables) => {
      const { data, error } = await client.query(query, variables).toPromise();
      return { data, codes: codes(error) };
    },
    follow: (query, variables, sink) => {
      let newest;
      const told = ({ data, error, hasNext }) => {
        if (error) return sink.error(error);
        if (data && data.precheckUpdates.cursor !== newest) sink.next({ data });
        newest = data?.precheckUpdates.cursor;
        if (!hasNext) sink.complete();
      };
      return client.subscription(query, { ...variables }).subscribe(told);
    },
  };
};

exports['urql-SSE'] = ({ url, fetch }) =>
  connect({ url, fetch, fetchSubscriptions: true, exchanges: [fetchExchange] });
exports['urql-WS'] = ({ url, fetch, connected }) => {
  const socket = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: require('ws'),
    retryAttempts: 0, // who subscribes again has a newer cursor than the client's own retry
    on: { connected },
  });
  const forwardSubscription = ({ query, variables }) => ({
    subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
  });
  const exchanges = [fetchExchange, subscriptionExchange({ forwardSubscription })];
  return connect({ url, fetch, exchanges }, () => socket.dispose());
};
