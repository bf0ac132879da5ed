// @openai/agents: an agent whose model stands in on loopback (OPENAI_BASE_URL) and whose tools are the server's.
import { Agent, MCPServerStdio, run, setTracingDisabled } from '@openai/agents';

setTracingDisabled(true);
const server = new MCPServerStdio({ name: 'cashier', ...JSON.parse(process.env.SERVER), env: process.env });
await server.connect();
const tools = (await server.listTools()).map(({ name }) => name);
await run(new Agent({ name: 'seller', model: 'stand-in', mcpServers: [server] }), 'sell');
console.log(JSON.stringify({ tools }));
await server.close();
