// Shows a query from the cache of Apollo Client or Relay while a stream writes into that cache. Each line it prints
// is JSON: what the query shows, what was asked of the server, what the client warns of.
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import runtime from 'relay-runtime';
import { cache } from './cache_of_the_page.js';

const { Environment, Network, Observable, RecordSource, Store, createOperationDescriptor } = runtime;
const { fetchQuery, requestSubscription } = runtime;
const [, , name, url, query, stream, given] = process.argv;
const variables = JSON.parse(given);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const warned = (...words) => say({ warned: words.map(String).join(' ') });
console.warn = warned;
console.error = warned;

const counted = (...request) => {
  say({ asked: true });
  return fetch(...request);
};
const done = () => {
  say({ complete: true });
  process.exit(0);
};

const apollo = (kept) => () => {
  const client = new ApolloClient({ cache: kept, link: new HttpLink({ uri: url, fetch: counted }) });
  let isFollowed = false;
  client.watchQuery({ query: gql(query), variables }).subscribe(({ data }) => {
    if (data) say({ shown: data });
    if (!data || isFollowed) return;
    isFollowed = true;
    client.subscribe({ query: gql(stream), variables }).subscribe({ complete: done });
  });
};

const events = (body) =>
  Observable.create((sink) => {
    const read = async () => {
      const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
      const answer = await counted(url, { method: 'POST', headers, body });
      let rest = '';
      for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
        const parts = (rest + piece).split('\n\n');
        rest = parts.pop();
        for (const each of parts.filter((part) => part.startsWith('event: next')))
          sink.next(JSON.parse(each.split('data: ')[1]));
      }
      sink.complete();
    };
    read().catch(sink.error);
  });

const relay = (options) => async () => {
  const [ask, follow] = await Promise.all(
    [query, stream].map(async (text) => {
      const [, operation] = text.match(/(?:query|subscription) (\w+)/);
      return (await import(`${process.env.RELAY_ARTIFACTS}/${operation}.graphql.js`)).default;
    }),
  );
  const headers = { 'content-type': 'application/json' };
  const environment = new Environment({
    network: Network.create(
      async ({ text }, given) =>
        (await counted(url, { method: 'POST', headers, body: JSON.stringify({ query: text, variables: given }) })).json(),
      ({ text }, given) => events(JSON.stringify({ query: text, variables: given })),
    ),
    store: new Store(new RecordSource()),
    ...options,
  });
  await fetchQuery(environment, ask, variables).toPromise();
  const operation = createOperationDescriptor(ask, variables);
  environment.retain(operation);
  const snapshot = environment.lookup(operation.fragment);
  say({ shown: snapshot.data });
  environment.subscribe(snapshot, ({ data }) => say({ shown: data }));
  requestSubscription(environment, { subscription: follow, variables, onCompleted: done });
};

const getDataID = ({ id }, type) => (['Precheck', 'PrecheckItem', 'Provider'].includes(type) ? id : null);
const shows = {
  'Apollo Client': apollo(cache),
  'Apollo Client untold': apollo(new InMemoryCache()),
  Relay: relay({ getDataID }),
  'Relay untold': relay({}),
};
await shows[name]();
