// What Apollo's cache has to be told of our types: which have no identity, and how a page follows a page.
const { InMemoryCache } = require('@apollo/client');
const { relayStylePagination } = require('@apollo/client/utilities');

const OF_ONE_PRECHECK = ['PrecheckProgress', 'PrecheckCounts', 'PrecheckFreshness', 'PrecheckVendorView'];
const OF_ONE_ITEM = ['PrecheckSkip'];
const OF_ONE_PROVIDER = ['ProviderLimits', 'ProviderHealth'];

exports.cache = () =>
  new InMemoryCache({
    typePolicies: {
      ...Object.fromEntries(
        [...OF_ONE_PRECHECK, ...OF_ONE_ITEM, ...OF_ONE_PROVIDER].map((name) => [name, { merge: true }]),
      ),
      PrecheckRef: { keyFields: false },
      PrecheckSubJob: { keyFields: false },
      Query: { fields: { prechecks: relayStylePagination(['filter', 'orderBy']) } },
    },
  });
