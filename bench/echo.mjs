// The floors: a server of the same SDK, unbundled, that keeps nothing. `echo` has nothing behind it; `ask` makes one
// signed call to the gateway, with the environment of ours, `wait` does nothing for so long. node bench/echo.mjs [PORT]: on stdio or over HTTP.
import { setTimeout as sleep } from 'node:timers/promises';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

let direct;

function build() {
  const server = new McpServer({ name: 'echo', version: '1.0.0' });
  const said = (text) => ({ content: [{ type: 'text', text }] });
  server.registerTool(
    'echo',
    { description: 'echo', inputSchema: z.object({ text: z.string() }) },
    async ({ text }) => said(text),
  );
  server.registerTool(
    'ask',
    { description: 'ask', inputSchema: z.object({ method: z.string() }) },
    async ({ method }) => {
      direct ??= (await import('./direct.mjs')).directCaller(process.env);
      await direct(method, { out_trade_no: 'BENCH_ASKED' });
      return said('asked');
    },
  );
  server.registerTool(
    'wait',
    { description: 'wait', inputSchema: z.object({ seconds: z.number() }) },
    async ({ seconds }) => said(await sleep(seconds * 1_000, 'waited')),
  );
  return server;
}

const [port] = process.argv.slice(2);
if (port === undefined) serveStdio(build);
else {
  const { serve } = await import('@hono/node-server');
  const handler = createMcpHandler(build);
  serve({ fetch: (request) => handler.fetch(request), port: Number(port), hostname: '127.0.0.1' });
}
