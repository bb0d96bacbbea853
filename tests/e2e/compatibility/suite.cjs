// Runs the suite's tests against the address of `products` and prints what it makes of them, as one line of JSON.
// Arguments: the module that runs them, the address.
const { runJest, TESTS } = require(process.argv[2]);

runJest(process.argv[3]).then(({ assertions, assertionPassed }) => {
  const items = TESTS.map(({ assertion, column }) => ({ assertion, column, passed: assertionPassed(assertion) }));
  console.log(JSON.stringify({ items, assertions }));
});
