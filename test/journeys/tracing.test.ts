import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Shop } from './shop.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open();
});
afterAll(() => shop.close());

/** A program that runs ahead of the server, as `NODE_OPTIONS` has it; `told` is a file for what it has to tell. */
function ahead(name: string, program: (require: string, told: string) => string) {
  const file = join(shop.home, `${name}.cjs`);
  const told = join(shop.home, `${name}.told`);
  const require = `require('module').createRequire(${JSON.stringify(join(ROOT, 'package.json'))})`;
  writeFileSync(file, `const { appendFileSync } = require('fs');\n${program(require, JSON.stringify(told))}`);
  return { env: { NODE_OPTIONS: `--require ${file}` }, told };
}
const wanted = { provider: 'alipay', amountYuan: '5.00', title: 'SECRET_TITLE' };

it('a server that OpenTelemetry is set up for tells it of calls and exchanges', async () => {
  const { env, told } = ahead(
    'traced',
    (require, file) => `
    const own = ${require};
    const { trace } = own('@opentelemetry/api');
    const { BasicTracerProvider, SimpleSpanProcessor } = own('@opentelemetry/sdk-trace-base');
    const exporter = {
      export(spans, done) {
        for (const { name, kind, attributes, parentSpanContext } of spans)
          appendFileSync(${file}, JSON.stringify({ name, kind, attributes, parent: parentSpanContext?.spanId }) + '\\n');
        done({ code: 0 });
      },
      shutdown: async () => {},
    };
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));`,
  );
  const agent = await shop.agent({ env });
  await agent.create(wanted);
  await agent.server.close();
  const text = readFileSync(told, 'utf8');
  const spans = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(spans.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['tools/call create-payment', 'alipay create']),
  );
  expect(spans.find(({ name }) => name === 'alipay create')?.parent).toMatch(/^[0-9a-f]{16}$/);
  expect(text).not.toContain('SECRET_TITLE');
});

it('any other loads nothing of it', async () => {
  const { env, told } = ahead(
    'plain',
    (_require, file) => `
    const Module = require('module');
    const load = Module._load;
    Module._load = function (name, ...more) {
      if (name.includes('opentelemetry')) appendFileSync(${file}, name + '\\n');
      return load.call(this, name, ...more);
    };`,
  );
  const agent = await shop.agent({ env });
  await agent.create(wanted);
  await agent.server.close();
  expect(existsSync(told) ? readFileSync(told, 'utf8') : '').toBe('');
});
