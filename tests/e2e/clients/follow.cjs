// Follows one subscription as a front end does: whenever the connection is lost, it is subscribed again with the
// cursor of the newest event. Each argument and each line it prints is JSON; a line on standard input makes it drop
// its connection.
const [, , name, url, query, given] = process.argv;
const variables = JSON.parse(given);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const connected = () => say({ connected: true });
const closed = ({ code }) => say({ closed: code });
const heard = async (...request) => {
  const response = await fetch(...request);
  connected();
  return response;
};

const client = require('./named.cjs')[name]({ url, fetch: heard, connected, closed });
let remaining = Infinity;
let subscription;

const end = (line, status) => {
  say(line);
  process.exit(status);
};
const next = (result) => {
  if (result.data) ({ remaining, cursor: variables.after } = result.data.precheckUpdates);
  say({ next: result });
};
const why = (error) => {
  const { message, reason, code, networkError } = Array.isArray(error) ? error[0] : error;
  return [message ?? reason, code ?? networkError?.code].join(' ');
};

// What an application does for a client that does not come back by itself.
const again = (lost) => {
  say({ lost });
  setTimeout(follow, 50);
};
const follow = () => {
  subscription?.unsubscribe(); // else urql shares what is over with whoever asks the same once more
  let isOver = false;
  const over = (then) => (told) => isOver || ((isOver = true), then(told));
  subscription = client.follow(query, variables, {
    next,
    error: over((error) => {
      const codes = client.codes(error).filter((code) => code !== 'SERVER_RESTARTING');
      if (client.resumes || codes.length) return end({ failed: why(error) }, 1);
      return again(why(error));
    }),
    complete: over(() => (client.resumes || remaining === 0 ? end({ complete: true }, 0) : again('it ended early'))),
  });
};

follow();
process.stdin.on('data', () => client.drop());
