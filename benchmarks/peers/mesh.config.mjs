// The batch call of the emulated DRS as a GraphQL subgraph; the token comes with each request.
import { defineConfig } from '@graphql-mesh/compose-cli';
import { loadOpenAPISubgraph } from '@omnigraph/openapi';

export const composeConfig = defineConfig({
  subgraphs: [
    {
      sourceHandler: loadOpenAPISubgraph('drs', {
        source: './drs.openapi.json',
        endpoint: 'http://vendor.invalid',
        // A POST that only reads: as a mutation its aliases would wait for one another.
        selectQueryOrMutationField: [{ type: 'query', fieldName: 'prechecks' }],
        operationHeaders: { 'X-Auth-Token': '{context.headers["x-auth-token"]}' },
      }),
    },
  ],
});
