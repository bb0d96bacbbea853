// What graphql-eslint asks of our schema and our documents: every rule, with a reason beside each that is off or eased.

const { default: plugin } = require("@graphql-eslint/eslint-plugin");

const languageOptions = {
  parser: plugin.parser,
  parserOptions: {
    graphQLConfig: { schema: ["schema.graphql", "federation.graphql"], documents: "operations/*.graphql" },
  },
};

// Values without an identity of their own: a cache keeps them where they stand.
const VALUES = [
  "PageInfo", "PrecheckConnection", "PrecheckCounts", "PrecheckEdge", "PrecheckEvent", "PrecheckEvidence",
  "PrecheckFreshness", "PrecheckItemChange", "PrecheckItemDetail", "PrecheckLookup", "PrecheckProblem", "PrecheckProgress",
  "PrecheckRemedy", "PrecheckSkip", "PrecheckVendorView", "ProviderHealth", "ProviderLimits", "_Service",
  "PrecheckRef", // what was asked for: its id is null where that could not be read
  "PrecheckSubJob", // its id is the vendor's, which not every vendor gives
];

const schemaRules = {
  ...plugin.configs["flat/schema-all"].rules,
  ...plugin.configs["flat/schema-relay"].rules,
  // Fields stand in the order in which people read them: what it is, how it went, why.
  "@graphql-eslint/alphabetize": "off",
  // The names that federation adds begin with an underscore. Ours follow the rule.
  "@graphql-eslint/naming-convention": [
    "error",
    {
      ...plugin.configs["flat/schema-recommended"].rules["@graphql-eslint/naming-convention"][1],
      allowLeadingUnderscore: true,
      types: { style: "PascalCase", ignorePattern: "^_(Any|Entity|Service)$" },
      FieldDefinition: { style: "camelCase", ignorePattern: "^_(entities|service)$" },
    },
  ],
  // Not only types: fields, arguments and enum values, too.
  "@graphql-eslint/require-description": [
    "error",
    { types: true, FieldDefinition: true, InputValueDefinition: true, EnumValueDefinition: true, rootField: true },
  ],
  // There are subscriptions on purpose, and no mutations.
  "@graphql-eslint/no-root-type": ["error", { disallow: ["mutation"] }],
  // Lists are read forward.
  "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
  // A precheck has tens of items, a lookup as many answers as questions: plain lists. There is no `node` field, so
  // no `Node` interface: two subgraphs that have it do not compose.
  "@graphql-eslint/relay-edge-types": [
    "error",
    { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
  ],
  // `prechecks` is answered from memory: what could fail alone is inside. `_service` is as federation has it.
  "@graphql-eslint/require-nullable-result-in-root": "off",
  // Only what has an identity has an id.
  "@graphql-eslint/strict-id-in-types": ["error", { exceptions: { types: VALUES } }],
};

const documentRules = {
  ...plugin.configs["flat/operations-all"].rules,
  // Documents select in the order in which their answers are read.
  "@graphql-eslint/alphabetize": "off",
  // Variables for gateways are of the type `_Any`.
  "@graphql-eslint/naming-convention": [
    "error",
    {
      ...plugin.configs["flat/operations-recommended"].rules["@graphql-eslint/naming-convention"][1],
      allowLeadingUnderscore: true,
    },
  ],
  // The numbers of the files are the order of the explorer's tabs.
  "@graphql-eslint/match-document-filename": "off",
};

module.exports = [
  { files: ["schema.graphql"], languageOptions, plugins: { "@graphql-eslint": plugin }, rules: schemaRules },
  { files: ["operations/*.graphql"], languageOptions, plugins: { "@graphql-eslint": plugin }, rules: documentRules },
];
