// An MCP server that asks at the port given as its argument what to do for a call, and by whom it is killed there: see
// ../works.ts. It knows no handshake, as none of 2026-07-28 need.
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const works = connect(Number(process.argv[2]), '127.0.0.1');
works.on('error', () => process.exit(1));
works.on('close', () => process.exit(1));
process.stdin.on('end', () => process.exit(0));
const tell = (said) => works.write(`${JSON.stringify(said)}\n`);
tell({ pid: process.pid });

const say = (id, result) =>
  process.stdout.write(
    `${JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', ...result } })}\n`,
  );
const tool = (name) => ({ name, inputSchema: { type: 'object', properties: { id: { type: 'string' } } } });

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'tools/list') say(id, { tools: [tool('once'), tool('twice')] });
  else if (method === 'tools/call') tell({ call: id, of: params.arguments.id });
});
createInterface({ input: works }).on('line', (line) => {
  const { call, text, half } = JSON.parse(line);
  if (half) process.stdout.write('{"jsonrpc":"2.0","id"');
  else say(call, { content: [{ type: 'text', text }] });
  if (half) tell({ half: true });
});
