import { Validator } from '@cfworker/json-schema';
import { describe, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import { boundTo } from '../../../src/gate/mcp/bound-to.ts';
import type { ListedTool } from '../../../src/gate/mcp/catalogue.ts';
import { numberArgument, pricedTool } from '../../../src/gate/mcp/priced-tool.ts';
import type { Price } from '../../../src/gate/prices.ts';

const PRICE: Price = {
  ...{ amountFen: fen(199), title: '海报生成', retry: false },
  ...{ a2mServiceId: undefined, skillId: undefined, skillVersion: undefined },
};
const TITLE = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] };
const CLOSED = { ...TITLE, additionalProperties: false };

const SCHEMAS: readonly (readonly [what: string, schema: Record<string, unknown>])[] = [
  ['nothing', { type: 'object' }],
  ['properties', TITLE],
  ['no others', CLOSED],
  [
    'no others, in 2020-12',
    { $schema: 'https://json-schema.org/draft/2020-12/schema', ...TITLE, unevaluatedProperties: false },
  ],
  ['a reference', { type: 'object', $ref: '#/$defs/Args', $defs: { Args: CLOSED } }],
  [
    'one of several',
    {
      type: 'object',
      oneOf: [CLOSED, { ...CLOSED, properties: { title: {}, name: {} }, required: ['name'] }],
    },
  ],
  ['all of several', { type: 'object', allOf: [CLOSED] }],
  ['patterns', { type: 'object', patternProperties: { '^.*$': { type: 'string', maxLength: 5 } } }],
  ['names', { ...TITLE, propertyNames: { maxLength: 5 } }],
  ['a number of them', { ...TITLE, maxProperties: 1 }],
];

const listed = (tool: Partial<ListedTool>, language: 'zh' | 'en' = 'en') =>
  pricedTool({ name: 'render-poster', ...tool } as ListedTool, PRICE, language);
const takes = (schema: unknown, args: object) =>
  new Validator(schema as object, '2020-12').validate(args).valid;

describe('a tool with a price', () => {
  it.each(SCHEMAS)(
    'takes what it took, and a number beside it, where its schema says %s',
    (_what, inputSchema) => {
      const { inputSchema: schema } = listed({ inputSchema });
      expect(takes(inputSchema, { title: 'poem' })).toBe(true);
      expect(schema).toMatchObject({ type: 'object', properties: { outTradeNo: { type: 'string' } } });
      expect(takes(schema, { title: 'poem' })).toBe(true);
      expect(takes(schema, { title: 'poem', outTradeNo: 'F'.repeat(32) })).toBe(true);
      if (inputSchema.required) expect(takes(schema, {})).toBe(false);
    },
  );

  it.each([
    ['zh', /渲染。\n\n价格：每次 1\.99 元。.*$/],
    ['en', /渲染。\n\nPrice: 1\.99 yuan \(CNY\) per call\..*$/],
  ] as const)('ends its description in it, %s', (language, end) => {
    const { description, _meta } = listed({ description: '渲染。', _meta: { other: 1 } }, language);
    expect(description).toMatch(end);
    expect(_meta).toEqual({
      other: 1,
      'cashier/price': {
        amountYuan: '1.99',
        currency: 'CNY',
        per: 'call',
        title: '海报生成',
        argument: 'outTradeNo',
      },
    });
  });

  it('promises neither a form of its result nor a task, and keeps all else', () => {
    const tool = {
      ...{ title: 'Poster', annotations: { readOnlyHint: true }, icons: [{ src: 'x' }], inputSchema: TITLE },
      ...{ outputSchema: TITLE, execution: { taskSupport: 'optional' } },
    };
    const { outputSchema, execution, title, annotations, icons } = listed(tool);
    expect([outputSchema, execution]).toEqual([undefined, undefined]);
    expect({ title, annotations, icons }).toEqual({
      ...{ title: 'Poster', annotations: { readOnlyHint: true }, icons: [{ src: 'x' }] },
    });
  });

  it('that has an outTradeNo of its own gets the number by another name', () => {
    const own = { name: 'pay', inputSchema: { type: 'object', allOf: [{ properties: { outTradeNo: {} } }] } };
    expect(numberArgument(own)).toBe('cashierOutTradeNo');
    expect(listed(own).inputSchema).toMatchObject({ properties: { cashierOutTradeNo: { type: 'string' } } });
    expect(listed(own).description).toContain('cashierOutTradeNo');
  });
});

describe('what a bill is bound to', () => {
  it('is the tool and its arguments, whatever the order in which they are written', () => {
    const one = boundTo('t', { a: 1, b: { c: [1, 2], d: null } });
    expect(boundTo('t', { b: { d: null, c: [1, 2] }, a: 1 })).toBe(one);
    const others = [
      boundTo('u', { a: 1, b: { c: [1, 2], d: null } }),
      boundTo('t', { a: '1', b: { c: [1, 2], d: null } }),
      boundTo('t', { a: 1, b: { c: [2, 1], d: null } }),
      boundTo('t', { a: 1, b: { c: [1, 2] } }),
      boundTo('t', JSON.parse('{"a":1,"b":{"c":[1,2],"d":null},"__proto__":{"x":1}}')),
    ];
    expect(new Set([one, ...others]).size).toBe(6);
    expect(one).toMatch(/^[0-9a-f]{64}$/);
  });
});
