import type { Text } from '../../../src/domain/errors.ts';
import type { Bug } from '../bug.ts';
import { AGREEMENTS } from './agreements.ts';
import { API_CALLS } from './api-calls.ts';
import { CALLERS } from './callers.ts';
import { DOUBT } from './doubt.ts';
import { INTENT } from './intent.ts';
import { LEDGER } from './ledger.ts';
import { MONEY } from './money.ts';
import { NUMBERS } from './numbers.ts';
import { OWED } from './owed.ts';
import { PAID_CALLS } from './paid-calls.ts';
import { PERSONS } from './persons.ts';
import { PROOF } from './proof.ts';
import { SIGNATURES } from './signatures.ts';
import { STORES } from './stores.ts';
import { SUBSCRIBED } from './subscriptions.ts';
import { TELLING } from './telling.ts';
import { TOOL_CALLS } from './tool-calls.ts';

/** Bugs by what they break, in the words of docs/reliability.md. */
export const GROUPS: readonly { readonly of: Text; readonly bugs: readonly Bug[] }[] = [
  { of: { en: 'Intent before gateway, fact before client', zh: '先记意图，先有事实' }, bugs: INTENT },
  { of: { en: 'No answer is not "no"', zh: '没有答复不等于「否」' }, bugs: DOUBT },
  { of: { en: 'Paid, refunded, closed means proven', zh: '已付款、已退款、已关闭即已证明' }, bugs: PROOF },
  {
    of: { en: 'One number, one effect, by whatever clock', zh: '一个编号，一次效果，无论时钟如何' },
    bugs: NUMBERS,
  },
  { of: { en: 'The bytes are verified, and bounded', zh: '验证收到的字节，并限制大小' }, bugs: SIGNATURES },
  { of: { en: 'Whole fen; limits, budgets, bills', zh: '整数分；限额、额度与对账' }, bugs: MONEY },
  { of: { en: 'What the server pays back', zh: '服务器自动退回的钱' }, bugs: OWED },
  { of: { en: 'Subscriptions', zh: '订阅' }, bugs: [...SUBSCRIBED, ...AGREEMENTS] },
  { of: { en: 'What only a person may do', zh: '只有人能做的事' }, bugs: PERSONS },
  {
    of: { en: 'A paid call is delivered once, or paid back', zh: '付费调用交付一次，或退款' },
    bugs: PAID_CALLS,
  },
  { of: { en: 'A request is sold once', zh: '请求只卖一次' }, bugs: API_CALLS },
  { of: { en: 'A tool call is sold once', zh: '工具调用只卖一次' }, bugs: TOOL_CALLS },
  { of: { en: 'Callers, secrets, simulated money', zh: '调用者、密钥与模拟的钱' }, bugs: CALLERS },
  { of: { en: 'The trail and its sums', zh: '审计记录与合计' }, bugs: LEDGER },
  { of: { en: 'Every fact is told', zh: '每件事都会通知到' }, bugs: TELLING },
  { of: { en: 'SQLite and PostgreSQL', zh: 'SQLite 与 PostgreSQL' }, bugs: STORES },
];

export const BUGS: readonly Bug[] = GROUPS.flatMap(({ bugs }) => bugs);
