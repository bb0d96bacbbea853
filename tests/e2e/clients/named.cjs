// Every client by its name: what it asks and follows, and the codes of errors as its own API hands them out.
module.exports = {
  ...require('./apollo.cjs'),
  ...require('./plain.cjs'),
  ...require('./relay.cjs'),
  ...require('./urql.cjs'),
};
