import type { CallToolResult } from '@modelcontextprotocol/server';
import { CashierError } from '../domain/errors.ts';
import type { Tool } from '../tools/define-tool.ts';
import type { Presenter } from '../tools/present.ts';

/** What a tool's call is answered that was refused or failed. */
export function failureOf(present: Presenter, tool: Tool, error: CashierError): CallToolResult {
  const json = { type: 'text' as const, text: present.error(error) };
  const said = tool.failure && present.plain(tool.failure(present.sentence(error)));
  return { isError: true, content: said === undefined ? [json] : [{ type: 'text', text: said }, json] };
}

/** Of what went wrong in our own code a client is told no more. */
export function internal(): CashierError {
  return new CashierError('INTERNAL', {
    zh: '内部错误，已记入日志；若已发出请求，以查询结果为准。',
    en: 'Internal error, see the log; if a request had been sent, a query tells its result.',
    next: {
      zh: '用同一单号查询，不要换单号重试。',
      en: 'Ask about the same number; do not retry with a new one.',
    },
  });
}
