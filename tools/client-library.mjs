// The client library of Socket.IO for browsers, as the server gives it out under /socket.io/: the version that the tests
// drive it with. It comes from npm at each build and is not kept in the repository.
import { readFileSync } from 'node:fs';

const from = 'node_modules/socket.io-client';

// The names that servers of Socket.IO have for it, and what is behind them. Not the variant with the parser for MessagePack,
// which this server does not speak.
const SCRIPTS = [
  ['socket.io.js', 'socket.io.min.js'],
  ['socket.io.min.js', 'socket.io.min.js'],
  ['socket.io.esm.min.js', 'socket.io.esm.min.js'],
];

/** Names under the site's folder, with contents. */
export function clientLibrary() {
  const scripts = SCRIPTS.map(([name, source]) => [`socket.io/${name}`, withoutSourceMap(readFileSync(`${from}/dist/${source}`, 'utf8'))]);
  return new Map([...scripts, ['socket.io/LICENSE.txt', readFileSync(`${from}/LICENSE`)]]);
}

// The map is not given out, and a browser would look for it.
function withoutSourceMap(script) {
  return Buffer.from(script.replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n'));
}
