import { existsSync, readdirSync } from 'node:fs';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import type { ToolSetting } from '../../src/tools/define-tool.ts';
import { selectTools, UNIFIED_TOOLS } from '../../src/tools/index.ts';

const BUDGET_TOKENS = 1200;
const setting = (language: 'zh' | 'en'): ToolSetting => ({
  language,
  providers: ['alipay', 'wechatpay'],
  scenes: ['qr', 'web', 'h5', 'app', 'jsapi'],
});
const shown = (language: 'zh' | 'en') =>
  UNIFIED_TOOLS.map((tool) => ({
    name: tool.name,
    description: tool.description[language],
    inputSchema: tool.inputSchema(setting(language)),
  }));

describe.each(UNIFIED_TOOLS.map((tool) => [tool.name, tool] as const))('the tool %s', (name, tool) => {
  it('lives in a file of its name', () => {
    expect(existsSync(new URL(`../../src/tools/${name}.ts`, import.meta.url))).toBe(true);
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(name.length).toBeLessThanOrEqual(40);
  });

  it('says all four hints, and no query claims to change anything', () => {
    expect(Object.keys(tool.hints).sort()).toEqual([
      'destructiveHint',
      'idempotentHint',
      'openWorldHint',
      'readOnlyHint',
    ]);
    expect(tool.hints.readOnlyHint).toBe(/^(query|list)-/.test(name));
    expect(tool.hints.destructiveHint).toBe(/^(refund|close)-/.test(name));
  });

  it('takes one flat object and nothing it does not name', () => {
    const schema = tool.inputSchema(setting('en'));
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(schema).not.toHaveProperty('anyOf');
    expect(schema).not.toHaveProperty('$schema');
  });

  it.each(['zh', 'en'] as const)('shows a model what it has always shown (%s)', async (language) => {
    const published = {
      name,
      title: tool.title[language],
      description: tool.description[language],
      annotations: tool.hints,
      inputSchema: tool.inputSchema(setting(language)),
      outputSchema: tool.outputSchema,
    };
    await expect(`${JSON.stringify(published, null, 2)}\n`).toMatchFileSnapshot(
      `../__snapshots__/tools/${name}.${language}.json`,
    );
  });
});

describe('the default tools together', () => {
  it.each(['zh', 'en'] as const)('cost a model at most 1,200 tokens (%s)', (language) => {
    expect(encode(JSON.stringify(shown(language))).length).toBeLessThanOrEqual(BUDGET_TOKENS);
  });

  it('leave no snapshot behind', () => {
    const names = readdirSync(new URL('../__snapshots__/tools', import.meta.url)).map(
      (file) => file.split('.')[0],
    );
    expect(new Set(names)).toEqual(new Set(UNIFIED_TOOLS.map((tool) => tool.name)));
  });

  it('offer only the wallets that are configured', () => {
    const alipayOnly: ToolSetting = {
      language: 'en',
      providers: ['alipay'],
      scenes: ['qr', 'web', 'h5', 'app'],
    };
    const schema = UNIFIED_TOOLS[0]?.inputSchema(alipayOnly);
    expect(schema).toMatchObject({ properties: { provider: { enum: ['alipay'] } } });
    expect(Object.keys(schema?.properties ?? {})).not.toContain('payerOpenid');
    expect(schema?.required).toEqual(['amountYuan', 'title']);
  });
});

describe('AP_SELECT_TOOLS', () => {
  const names = (selection: string | undefined) => selectTools(selection).map((tool) => tool.name);
  it('chooses by toolset and by tool, in the order of the catalogue', () => {
    expect(names(undefined)).toHaveLength(6);
    expect(names('')).toHaveLength(6);
    expect(names(' query-payment , create-payment')).toEqual(['create-payment', 'query-payment']);
    expect(names('unified,query-payment')).toHaveLength(6);
  });

  it.each(['nonsense', 'create-payment,constructor', '__proto__', 'CREATE-PAYMENT'])(
    'refuses %j and lists what there is',
    (selection) => {
      expect(() => selectTools(selection)).toThrow(
        expect.objectContaining({ code: 'CONFIGURATION', message: expect.stringContaining('query-refund') }),
      );
    },
  );
});
