import { existsSync, readdirSync } from 'node:fs';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { isPersons } from '../../src/payments/client-meta.ts';
import { WALLET_IDS } from '../../src/providers/registry.ts';
import type { ToolSetting } from '../../src/tools/define-tool.ts';
import {
  ALIPAY_TOOLS,
  SUBSCRIPTION_TOOLS,
  selectTools,
  toolsWith,
  UNIFIED_TOOLS,
  WECHATPAY_TOOLS,
} from '../../src/tools/index.ts';

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

const FOLDERS = [
  ['', UNIFIED_TOOLS],
  ['alipay/', ALIPAY_TOOLS],
  ['wechatpay/', WECHATPAY_TOOLS],
  ['', SUBSCRIPTION_TOOLS],
] as const;
const CATALOGUE = FOLDERS.flatMap(([folder, tools]) =>
  tools.map((tool) => [tool.name, folder, tool] as const),
);

describe.each(CATALOGUE)('the tool %s', (name, folder, tool) => {
  it('lives in a file of its name', () => {
    expect(existsSync(new URL(`../../src/tools/${folder}${name}.ts`, import.meta.url))).toBe(true);
    expect(name).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
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
    const scope = /refund/.test(name) ? 'cashier:refund' : 'cashier:pay';
    expect(tool.scope).toBe(tool.hints.readOnlyHint ? 'cashier:read' : scope);
    expect(tool.hints.destructiveHint).toBe(/^(refund|close|cancel)-/.test(name));
  });

  it('takes one flat object and nothing it does not name', () => {
    const schema = tool.inputSchema(setting('en'));
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(schema).not.toHaveProperty('anyOf');
    expect(schema).not.toHaveProperty('$schema');
  });

  it.each(['zh', 'en'] as const)(
    'describes every argument, and gives each one scalar type (%s)',
    (language) => {
      const { properties } = tool.inputSchema(setting(language));
      expect(Object.keys(properties)).not.toEqual([]);
      for (const [argument, property] of Object.entries(properties)) {
        const { type, description = '', maximum, maxLength, pattern } = property;
        expect(['string', 'integer', 'number'], argument).toContain(type);
        expect(property, argument).not.toHaveProperty('anyOf');
        expect(property, argument).not.toHaveProperty('oneOf');
        expect(description, argument).toMatch(/\S/);
        // Converters drop bounds and patterns: what a model must know of them stands in the words too. (A cursor is copied,
        // and what was given out by another tool is only named.)
        const [, most] = /\{\d+,(\d+)\}\$$/.exec(pattern ?? '') ?? [];
        const bound = maximum ?? most;
        const isGivenOut =
          (!/^create-/.test(name) && /^(out_?trade_?no|contractNo)$/i.test(argument)) ||
          (name === 'query-refund' && argument === 'outRefundNo');
        if (bound !== undefined && !isGivenOut) expect(description, argument).toContain(String(bound));
        if (argument === 'buyer') expect(description).toContain(String(maxLength));
        if (argument === 'title') expect(description).toContain('42');
      }
    },
  );

  it('takes no text that may name a person but what is kept out of the record', () => {
    const texts = Object.entries(tool.inputSchema(setting('en')).properties).filter(
      ([, { type, enum: choices }]) => type === 'string' && choices === undefined,
    );
    const isNone =
      /^(title|orderTitle|period|note|reason|refundReason|from|to|cursor|contractNo)$|yuan$|_?(trade|refund|request)_?no$/i;
    for (const [argument] of texts) expect(isPersons(argument), argument).toBe(!isNone.test(argument));
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
  it('take amounts as text, and the drop-in for the official server as numbers, as that one does', () => {
    const amounts = CATALOGUE.flatMap(([name, folder, tool]) =>
      Object.entries(tool.inputSchema(setting('en')).properties)
        .filter(([argument]) => /amount|yuan/i.test(argument))
        .map(([argument, { type }]) => [`${folder}${name} ${argument}`, type] as const),
    );
    expect(amounts).toHaveLength(11);
    for (const [where, type] of amounts) {
      expect(type, where).toBe(where.startsWith('alipay/') ? 'number' : 'string');
    }
  });

  it.each(['zh', 'en'] as const)('cost a model at most 1,200 tokens (%s)', (language) => {
    expect(encode(JSON.stringify(shown(language))).length).toBeLessThanOrEqual(BUDGET_TOKENS);
  });

  it.each(['zh', 'en'] as const)('cost no more with every wallet that there is (%s)', (language) => {
    for (const letsBuyerChoose of [false, true]) {
      const all = { ...setting(language), providers: WALLET_IDS, letsBuyerChoose };
      const told = UNIFIED_TOOLS.map((tool) => ({
        name: tool.name,
        description: tool.description[language],
        inputSchema: tool.inputSchema(all),
      }));
      expect(encode(JSON.stringify(told)).length).toBeLessThanOrEqual(BUDGET_TOKENS);
    }
  });

  it.each(['zh', 'en'] as const)('cost no more where the buyer may choose the wallet (%s)', (language) => {
    const choosing = { ...setting(language), letsBuyerChoose: true };
    const told = UNIFIED_TOOLS.map((tool) => ({
      name: tool.name,
      description: tool.description[language],
      inputSchema: tool.inputSchema(choosing),
    }));
    expect(told[0]?.inputSchema.required).toEqual(['amountYuan', 'title']);
    expect(encode(JSON.stringify(told)).length).toBeLessThanOrEqual(BUDGET_TOKENS);
  });

  it('leave no snapshot behind', () => {
    const names = readdirSync(new URL('../__snapshots__/tools', import.meta.url)).map(
      (file) => file.split('.')[0],
    );
    expect(new Set(names)).toEqual(new Set(CATALOGUE.map(([name]) => name)));
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
  const names = (selection: string | undefined) => selectTools(selection).tools.map((tool) => tool.name);
  it('chooses by toolset and by tool, in the order of the catalogue', () => {
    expect(names(undefined)).toHaveLength(7);
    expect(names('')).toHaveLength(7);
    expect(names(' query-payment , create-payment')).toEqual(['create-payment', 'query-payment']);
    expect(names('unified,query-payment')).toHaveLength(7);
  });

  const alipay = ALIPAY_TOOLS.map((tool) => tool.name);
  const dropIn = (selection?: string) => selectTools(selection, 'alipay').tools.map((tool) => tool.name);
  it('knows the toolsets, the official short names, and any mix', () => {
    expect(names('all')).toEqual(CATALOGUE.map(([name]) => name));
    expect(names('alipay')).toEqual(alipay);
    expect(names('mobilePay,webPagePay,queryPay,refundPay,refundQuery')).toEqual(alipay);
    expect(names('query-payment, queryPay ,wechatpay')).toEqual([
      'query-payment',
      'query-alipay-payment',
      ...WECHATPAY_TOOLS.map((tool) => tool.name),
    ]);
  });

  it("means Alipay's own tools by default and by `all` where it stands in for that server", () => {
    for (const selection of [undefined, '', 'all', 'alipay']) expect(dropIn(selection)).toEqual(alipay);
    expect(dropIn('unified')).toHaveLength(7);
    expect(dropIn('queryPay')).toEqual(['query-alipay-payment']);
  });

  it('leaves out, and names, what the official server has and this one has not', () => {
    const { tools, notServed } = selectTools('create-alipay-payment-agent,query-alipay-payment', 'alipay');
    expect(tools.map((tool) => tool.name)).toEqual(['query-alipay-payment']);
    expect(notServed).toEqual(['create-alipay-payment-agent']);
  });

  it('shows no tool of a wallet that is not configured, and says so when none is left', () => {
    const left = (selection: string) => toolsWith(['wechatpay'], selectTools(selection));
    expect(left('all').some((tool) => ALIPAY_TOOLS.includes(tool))).toBe(false);
    const others = [...UNIFIED_TOOLS, ...WECHATPAY_TOOLS, ...SUBSCRIPTION_TOOLS];
    expect(left('all')).toHaveLength(others.length);
    expect(() => left('alipay')).toThrow(expect.objectContaining({ code: 'CONFIGURATION' }));
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
