// The floor: one tool on the same SDK, unbundled, with nothing behind it. node bench/echo.mjs [PORT]: on stdio or over HTTP.
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

function build() {
  const server = new McpServer({ name: 'echo', version: '1.0.0' });
  server.registerTool(
    'echo',
    { description: 'echo', inputSchema: z.object({ text: z.string() }) },
    async ({ text }) => ({
      content: [{ type: 'text', text }],
    }),
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
