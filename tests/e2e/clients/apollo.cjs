// Apollo Client, with streams by WebSocket or as multipart answers.
const { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } = require('@apollo/client');
const { GraphQLWsLink } = require('@apollo/client/link/subscriptions');
const { createClient } = require('graphql-ws');

globalThis.WebSocket ??= require('ws'); // by which Apollo's link knows why a socket closed; Node 20 has none

const codes = (error) => (CombinedGraphQLErrors.is(error) ? error.errors.map((each) => each.extensions.code) : []);

const connect = (link, end = () => {}) => {
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  return {
    client,
    codes,
    end,
    ask: async (query, variables) => {
      const { data, error } = await client.query({ query: gql(query), variables, errorPolicy: 'all' });
      return { data, codes: codes(error) };
    },
    follow: (query, variables, sink) =>
      client.subscribe({ query: gql(query), variables: { ...variables } }).subscribe({
        next: ({ data, error }) => (error ? sink.error(error) : sink.next({ data })),
        complete: sink.complete,
      }),
  };
};

exports['Apollo-multipart'] = ({ url, fetch }) => connect(new HttpLink({ uri: url, fetch }));
exports['Apollo-WS'] = ({ url, connected }) => {
  const socket = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: require('ws'),
    retryAttempts: 0, // who subscribes again has a newer cursor than the client's own retry
    on: { connected },
  });
  return connect(new GraphQLWsLink(socket), () => socket.dispose());
};
