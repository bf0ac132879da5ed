// A server of the 2.x SDK: both eras, on stdio, or with a port as its argument over HTTP. What it has done is counted in
// the file COUNTED, a line a call.
import { appendFileSync } from 'node:fs';
import { serve } from '@hono/node-server';
import { acceptedContent, createMcpHandler, inputRequired, McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

let handler;
const text = (said) => ({ content: [{ type: 'text', text: said }] });

function build() {
  const server = new McpServer(
    { name: 'modern', version: '1.2.3', title: 'Modern' },
    { instructions: 'Ask for a poster.', capabilities: { logging: {} } },
  );
  server.registerTool(
    'render-poster',
    {
      description: 'Renders a poster.',
      inputSchema: z.strictObject({ title: z.string(), size: z.enum(['a4', 'a3']).optional() }),
      outputSchema: z.object({ url: z.string() }),
    },
    async ({ title }, ctx) => {
      if (process.env.COUNTED) appendFileSync(process.env.COUNTED, `${title}\n`);
      if (title === 'crash') process.exit(7);
      if (title === 'broken') return { ...text('no printer'), isError: true };
      if (title === 'slow') await new Promise((done) => setTimeout(done, 400));
      const token = ctx.mcpReq._meta?.progressToken;
      if (token !== undefined) {
        await ctx.mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken: token, progress: 1, total: 1 },
        });
      }
      const url = `https://example.com/${encodeURIComponent(title)}`;
      return { ...text(url), structuredContent: { url } };
    },
  );
  server.registerTool('environment', { description: 'What it is given.', inputSchema: z.object({}) }, () =>
    text(JSON.stringify(process.env)),
  );
  server.registerTool('ask-name', { description: 'Asks.', inputSchema: z.object({}) }, (_args, ctx) => {
    const answer = acceptedContent(ctx.mcpReq.inputResponses, 'name');
    if (answer) return text(`hello ${answer.name}`);
    return inputRequired({
      inputRequests: {
        name: inputRequired.elicit({
          message: 'Who?',
          requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
        }),
      },
    });
  });
  server.registerTool('change', { description: 'Adds a tool.', inputSchema: z.object({}) }, () => {
    handler?.notify.toolsChanged();
    server.sendToolListChanged?.();
    return text('changed');
  });
  server.registerResource('notes', 'notes://one', { mimeType: 'text/plain' }, (uri) => ({
    contents: [{ uri: uri.href, text: 'a note' }],
  }));
  server.registerPrompt('draw', { argsSchema: z.object({ what: z.string() }) }, ({ what }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `Draw ${what}.` } }],
  }));
  return server;
}

const port = process.argv[2];
if (port === undefined) serveStdio(build);
else {
  handler = createMcpHandler(build);
  serve({ fetch: (request) => handler.fetch(request), hostname: '127.0.0.1', port: Number(port) }, () =>
    process.stderr.write('listening\n'),
  );
}
