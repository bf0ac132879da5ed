// mcp-remote: a client on stdio of the service on HTTP (URL).
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const args = [
  'node_modules/mcp-remote/dist/proxy.js',
  process.env.URL,
  '--allow-http',
  '--transport',
  'http-only',
];
const cwd = import.meta.dirname;
const transport = new StdioClientTransport({
  command: process.execPath,
  args,
  cwd,
  env: process.env,
  stderr: 'ignore',
});
const client = new Client({ name: 'through-mcp-remote', version: '1' });
await client.connect(transport);
const { tools } = await client.listTools();
const call = { name: 'create-payment', arguments: JSON.parse(process.env.ORDER) };
const reached = await client.callTool(call);
console.log(JSON.stringify({ tools: tools.map(({ name }) => name), reached }));
await client.close();
