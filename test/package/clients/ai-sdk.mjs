// @ai-sdk/mcp: what a tool of the server gives to a model.
import { createMCPClient } from '@ai-sdk/mcp';
import { Experimental_StdioMCPTransport as StdioMCPTransport } from '@ai-sdk/mcp/mcp-stdio';

const server = { ...JSON.parse(process.env.SERVER), env: process.env, stderr: 'ignore' };
const client = await createMCPClient({ transport: new StdioMCPTransport(server) });
const tools = await client.tools();
const tool = tools['create-payment'];
const output = await tool.execute(JSON.parse(process.env.ORDER), { toolCallId: '1', messages: [] });
const reached = tool.toModelOutput?.({ output, toolCallId: '1', input: {} }) ?? output;
console.log(JSON.stringify({ tools: Object.keys(tools), reached }));
await client.close();
