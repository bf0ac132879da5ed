// An upstream that knows no method and answers all of them with what it was asked; with each it says what it has heard so
// far. `crash` ends it, `vendor/ask` asks the client something and passes the answer on.
import { createInterface } from 'node:readline';

const heard = [];
const say = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
let asking;

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params, result } = JSON.parse(line);
  if (method === undefined) {
    say({ id: asking, result: { told: result } });
    continue;
  }
  heard.push(method === 'resources/subscribe' ? `${method} ${params.uri}` : method);
  if (method === 'crash') process.exit(3);
  if (method === 'vendor/ask') {
    asking = id;
    say({ id: 0, method: 'vendor/question', params });
    if (params?.ends) process.exit(3);
    continue;
  }
  if (id === undefined) continue;
  if (method === 'initialize')
    say({
      id,
      result: {
        protocolVersion: params.protocolVersion,
        capabilities: {},
        serverInfo: { name: 'recorder', version: '1' },
      },
    });
  else {
    say({ method: 'notifications/vendor', params: { about: method } });
    say({ id, result: { asked: params ?? null, heard } });
  }
}
