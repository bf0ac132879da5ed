import { toYuan } from '../../domain/money.ts';
import type { Price } from '../prices.ts';
import type { ListedTool } from './catalogue.ts';
import * as words from './words.ts';

type Schema = Readonly<Record<string, unknown>>;

/** What of a schema says more than which properties there are: with one more beside them it may say no. */
const STRICT = [
  ...['$ref', '$dynamicRef', '$recursiveRef', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'dependentSchemas'],
  ...['patternProperties', 'propertyNames', 'maxProperties', 'unevaluatedProperties'],
];
/** What stays where references look for it. */
const ROOT = ['$schema', '$id', '$defs', 'definitions', '$anchor', '$comment'];

/** The argument that carries the number of a paid call: `outTradeNo`, unless the tool has one of that name itself. */
export function numberArgument({ inputSchema }: ListedTool): string {
  return JSON.stringify(inputSchema ?? {}).includes('"outTradeNo"') ? 'cashierOutTradeNo' : 'outTradeNo';
}

/**
 * A tool of the upstream as it is listed with its price: what it costs ends its description, and the number of what was
 * paid is one more argument. What it returns may also be a bill, so no `outputSchema` holds; nor can it be a task, of
 * which nobody would know whether it was ever done.
 */
export function pricedTool(tool: ListedTool, price: Price, language: words.Language): ListedTool {
  const { outputSchema: _, execution: _task, description, inputSchema, _meta, ...rest } = tool;
  const argument = numberArgument(tool);
  const amountYuan = toYuan(price.amountFen);
  const cost = words.cost(amountYuan, argument)[language];
  return {
    ...rest,
    description: typeof description === 'string' && description !== '' ? `${description}\n\n${cost}` : cost,
    inputSchema: withNumber(isSchema(inputSchema) ? inputSchema : {}, argument, words.ARGUMENT[language]),
    _meta: {
      ...(isSchema(_meta) ? _meta : {}),
      'cashier/price': { amountYuan, currency: 'CNY', per: 'call', title: price.title, argument },
    },
  };
}

function withNumber(schema: Schema, argument: string, description: string): Schema {
  const number = { [argument]: { type: 'string', description } };
  const { properties } = schema;
  if (!STRICT.some((keyword) => keyword in schema)) {
    return {
      type: 'object',
      ...schema,
      properties: { ...(isSchema(properties) ? properties : {}), ...number },
    };
  }
  // As the tool wants it, or anything with a number: the upstream's own schema is held to what comes without it.
  const root = Object.entries(schema).filter(([keyword]) => ROOT.includes(keyword));
  const rest = Object.entries(schema).filter(([keyword]) => !ROOT.includes(keyword));
  return {
    ...Object.fromEntries(root),
    type: 'object',
    properties: { ...(isSchema(properties) ? properties : {}), ...number },
    anyOf: [Object.fromEntries(rest), { required: [argument] }],
  };
}

export function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
