// LangChain's adapters, and its converter for Gemini, whose API stands in on loopback (MODEL).
import { ChatGoogleGenerativeAI } from '@langchain/google-genai';
import { MultiServerMCPClient } from '@langchain/mcp-adapters';

const server = { transport: 'stdio', ...JSON.parse(process.env.SERVER), env: process.env, stderr: 'ignore' };
const client = new MultiServerMCPClient({ mcpServers: { cashier: server } });
const tools = await client.getTools();
const gemini = { apiKey: 'none', model: 'gemini-2.5-pro', baseUrl: process.env.MODEL };
const model = new ChatGoogleGenerativeAI(gemini).bindTools(tools);
const asked = await model.invoke([['human', 'sell']]);
const [call] = asked.tool_calls;
const answered = await tools.find(({ name }) => name === call.name).invoke({ ...call, type: 'tool_call' });
await model.invoke([['human', 'sell'], asked, answered]);
console.log(JSON.stringify({ tools: tools.map(({ name }) => name) }));
await client.close();
