import { beijingDateTime } from '../domain/clock.ts';
import type { Text } from '../domain/errors.ts';
import { type Fen, fen, fenFromYuan, groupedYuan } from '../domain/money.ts';
import { WALLETS } from '../providers/registry.ts';
import type { EventData } from './event.ts';
import { eventWords, type Tone } from './event-words.ts';
import type { Message, Telling } from './kinds/kind.ts';
import { theirs } from './their-words.ts';

/** One line of a message. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  /** Whether the agent chose these words: they are shown apart, as such. */
  readonly byAgent?: true;
}

/** What a person reads: plain text in one language, for any platform to put into its form. */
export interface Words {
  readonly tone: Tone;
  /** What a phone shows of it. */
  readonly title: string;
  readonly facts: readonly Fact[];
  /** Of several events: one line each, as many as are shown, the oldest first. */
  readonly rows: readonly string[];
  readonly advice: string | undefined;
  /** Leads to our page: there a person signs in and decides; the link itself does nothing. */
  readonly button: { readonly text: string; readonly url: string } | undefined;
  /** Who says it. */
  readonly sender: string;
  /** By which a person sees that two messages are the same. */
  readonly id: string;
}

const SELF = 'mcp-cashier';
/** Events of a sum that get a line. */
const MOST_ROWS = 10;
/** Characters of an order number that an agent may have chosen, and of names that a file gives. */
const MOST_NAME = 64;

const LABELS = {
  title: { zh: '商品名称', en: 'Title' },
  asked: { zh: '退款原因', en: 'Reason' },
  reason: { zh: '原因', en: 'Reason' },
  byAgent: { zh: '智能体填写，未经核实', en: 'written by the agent, not checked' },
  order: { zh: '订单号', en: 'Order' },
  refund: { zh: '退款单号', en: 'Refund' },
  wallet: { zh: '支付方式', en: 'Method' },
  caller: { zh: '来源', en: 'Caller' },
  rule: { zh: '适用规则', en: 'Rule' },
  code: { zh: '代码', en: 'Code' },
  until: { zh: '有效期至', en: 'Until' },
  decided: { zh: '决定方式', en: 'Decided' },
  by: { zh: '操作', en: 'By' },
  refunded: { zh: '退款', en: 'Refunded' },
  net: { zh: '净额', en: 'Net' },
  openApprovals: { zh: '待审批', en: 'Waiting' },
  inDoubt: { zh: '结果待确认', en: 'Unknown' },
  bills: { zh: '对账', en: 'Bills' },
  time: { zh: '时间', en: 'Time' },
} as const satisfies Readonly<Record<string, Text>>;

const SAID = {
  simulated: { zh: '【模拟】', en: 'SIMULATED · ' },
  trial: { zh: '【体验版】', en: 'TRIAL · ' },
  payment: { zh: '收款', en: 'payment' },
  refund: { zh: '退款', en: 'refund' },
  colon: { zh: '：', en: ': ' },
  beijing: { zh: '（北京时间）', en: ' (Beijing time)' },
  decide: { zh: '查看并决定', en: 'Review and decide' },
  look: { zh: '查看', en: 'Open' },
  atTerminal: {
    zh: '请在运行本服务的电脑上决定：mcp-cashier approvals',
    en: 'Decide on the machine that runs the service: mcp-cashier approvals',
  },
  more: { zh: '另有 {n} 条', en: 'and {n} more' },
  again: { zh: '重发', en: 'sent again' },
  agree: { zh: '一致', en: 'agree' },
  differ: { zh: '{n} 处差异', en: 'differences: {n}' },
  notOut: { zh: '账单未出', en: 'not out yet' },
  noBill: { zh: '没有账单', en: 'none' },
} as const satisfies Readonly<Record<string, Text>>;

/** What a rule of the policy file is about, behind whose it is. */
const RULES: Readonly<Record<string, Text>> = {
  maxYuan: { zh: '单笔上限', en: 'most for one' },
  approveAboveYuan: { zh: '须审批', en: 'needs approval' },
  'perDay.totalYuan': { zh: '每日金额', en: 'sum per day' },
  'perDay.count': { zh: '每日笔数', en: 'number per day' },
  'perMinute.totalYuan': { zh: '每分钟金额', en: 'sum per minute' },
  'perMinute.count': { zh: '每分钟笔数', en: 'number per minute' },
  providers: { zh: '支付方式', en: 'payment methods' },
  scenes: { zh: '付款场景', en: 'scenes' },
  hours: { zh: '营业时段', en: 'hours' },
  from: { zh: '额度', en: 'allowance' },
};

/** Where a person has decided or paused. */
const VIA: Readonly<Record<string, Text>> = {
  terminal: { zh: '在终端', en: 'at a terminal' },
  page: { zh: '在审批页', en: 'on the approvals page' },
  form: { zh: '在智能体程序的表单中', en: 'in a form of the agent’s program' },
};

/** Puts what has happened into words. @param now ms */
export function wordsOf(telling: Telling, now: number): Words {
  const { messages, language, payee, attempt } = telling;
  const [first] = messages;
  const last = messages.at(-1) ?? first;
  const { tone, one, many, advice } = eventWords(first.type, first.data);
  const isSum = messages.length > 1;
  const { simulated, trial } = first.data;
  const mark = simulated ? SAID.simulated[language] : trial ? SAID.trial[language] : '';
  const { link } = first;
  const asks = first.type === 'approval.asked';
  const fill = (words: Text) => filled(words[language], telling);
  const ids = isSum ? `${first.id} … ${last.id}` : first.id;
  const told = [
    ...(advice === undefined ? [] : [fill(advice)]),
    ...(asks && link === undefined ? [SAID.atTerminal[language]] : []),
  ];
  return {
    tone,
    title: `${mark}${fill(isSum ? many : one)}`,
    facts: isSum ? [] : factsOf(first, language, now),
    rows: isSum ? rowsOf(telling, now) : [],
    advice: told.length === 0 ? undefined : told.join(' '),
    button: link === undefined ? undefined : { text: SAID[asks ? 'decide' : 'look'][language], url: link },
    sender: payee === undefined ? SELF : `${theirs(payee, MOST_NAME)} · ${SELF}`,
    id: attempt > 0 ? `${ids} · ${SAID.again[language]}` : ids,
  };
}

function filled(sentence: string, { messages, language }: Telling): string {
  const [{ type, data }] = messages;
  const counted = messages.reduce((n, message) => n + (message.data.count ?? 1), 0);
  const values: Readonly<Record<string, string | undefined>> = {
    sum: sumOf(messages),
    what: SAID[isOfRefund(data) ? 'refund' : 'payment'][language],
    // What is counted already counts as many as it says.
    n: String(type === 'policy.denied' || type === 'reconcile.differences' ? counted : messages.length),
    budget: theirs(data.budget ?? '', MOST_NAME),
    date: theirs(data.date ?? '', MOST_NAME),
    channel: theirs(data.channel ?? '', MOST_NAME),
    payments: String(data.paidCount ?? 0),
  };
  return sentence
    .replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
    .replace(/[,，：:]?\s*$/, '')
    .trim();
}

/** What they come to; undefined where no sum is known. */
function sumOf(messages: readonly Message[]): string | undefined {
  const sums = messages.flatMap(({ data }) => yuanOf(data) ?? []);
  if (sums.length === 0) return undefined;
  return `¥${groupedYuan(fen(sums.reduce<number>((sum, one) => sum + one, 0)))}`;
}

function yuanOf(data: EventData): Fen | undefined {
  const yuan =
    data.paidYuan ?? data.leftYuan ?? (isOfRefund(data) ? data.refundYuan : undefined) ?? data.amountYuan;
  return yuan === undefined ? undefined : fenFromYuan(yuan);
}

function isOfRefund({ approval, outRefundNo }: EventData): boolean {
  return approval === undefined ? outRefundNo !== undefined : approval.kind === 'refund';
}

function factsOf({ type, at, data }: Message, language: 'zh' | 'en', now: number): Fact[] {
  const { title, reason, outTradeNo, outRefundNo, provider, caller, rule, rules, code, approval, by } = data;
  const fact = (label: keyof typeof LABELS, value: string | undefined, most = MOST_NAME): Fact[] =>
    value === undefined ? [] : [{ label: LABELS[label][language], value: theirs(value, most) }];
  const ofAgent = (label: 'title' | 'asked', value: string | undefined): Fact[] =>
    value === undefined
      ? []
      : [
          {
            label: `${LABELS[label][language]}${language === 'zh' ? '（' : ' ('}${LABELS.byAgent[language]}${language === 'zh' ? '）' : ')'}`,
            value: theirs(value),
            byAgent: true,
          },
        ];
  const persons = type.startsWith('freeze.') || type === 'approval.decided';
  const wallet = WALLETS.find(({ id }) => id === provider)?.name[language];
  const via = (word: string | undefined) =>
    word !== undefined && Object.hasOwn(VIA, word) ? VIA[word]?.[language] : word;
  const refused = [
    ...(rule === undefined ? [] : [ruleWords(rule, language)]),
    ...Object.entries(rules ?? {}).map(([name, count]) => `${ruleWords(name, language)} × ${count}`),
  ];
  const until = approval?.state === 'pending' ? Date.parse(approval.expiresAt) : Number.NaN;
  return [
    ...fact('order', outTradeNo),
    ...fact('refund', outRefundNo),
    ...(Number.isNaN(until) ? [] : [{ label: LABELS.until[language], value: moment(until, now, language) }]),
    ...fact('wallet', wallet),
    ...fact('caller', caller),
    ...(refused.length === 0
      ? []
      : [{ label: LABELS.rule[language], value: refused.join(language === 'zh' ? '、' : ', ') }]),
    ...fact('code', code),
    ...dayFacts(data, language),
    ...(persons ? fact('reason', reason, 100) : []),
    ...fact('decided', via(approval?.decidedBy)),
    ...fact('by', via(by)),
    { label: LABELS.time[language], value: moment(at, now, language) },
    ...ofAgent('title', title),
    ...(persons ? [] : ofAgent('asked', reason)),
  ];
}

/** What else a day came to, and what waits; nothing of what is no day. */
function dayFacts(
  { refundedYuan, refundedCount, netYuan, openApprovals, inDoubt, bills = [] }: EventData,
  language: 'zh' | 'en',
): Fact[] {
  if (refundedYuan === undefined || netYuan === undefined) return [];
  const fact = (label: keyof typeof LABELS, value: string) => ({ label: LABELS[label][language], value });
  const yuan = (sum: string) => {
    const amount = fenFromYuan(sum.replace('-', ''));
    return `${sum.startsWith('-') ? '-' : ''}¥${amount === undefined ? sum : groupedYuan(amount)}`;
  };
  const counted = (count: number | undefined) =>
    language === 'zh' ? `（${count ?? 0} 笔）` : ` (${count ?? 0})`;
  const billed = bills.map(({ provider, differences, refused }) => {
    const name =
      WALLETS.find(({ id }) => id === provider)?.name[language] ?? theirs(String(provider), MOST_NAME);
    const said = differences === undefined ? (refused === undefined ? SAID.notOut : SAID.noBill) : undefined;
    const found = said ?? (differences === 0 ? SAID.agree : SAID.differ);
    return `${name} ${found[language].replace('{n}', String(differences))}`;
  });
  return [
    fact('refunded', `${yuan(refundedYuan)}${counted(refundedCount)}`),
    fact('net', yuan(netYuan)),
    fact('openApprovals', String(openApprovals ?? 0)),
    fact('inDoubt', String(inDoubt ?? 0)),
    ...(billed.length === 0 ? [] : [fact('bills', billed.join(language === 'zh' ? '、' : ', '))]),
  ];
}

/** `退款 · 每日金额` of `clients.cursor.refunds.perDay.totalYuan`. */
function ruleWords(path: string, language: 'zh' | 'en'): string {
  const [, section, name = ''] = /\b(payments|refunds)\.([a-zA-Z.]+)$/.exec(path) ?? [];
  const words = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  if (words === undefined) return theirs(path, MOST_NAME);
  return `${SAID[section === 'refunds' ? 'refund' : 'payment'][language]} · ${words[language]}`;
}

function rowsOf({ messages, language }: Telling, now: number): string[] {
  const shown = messages.slice(0, MOST_ROWS).map((message) => {
    const { outTradeNo, caller, date, budget, channel } = message.data;
    const about = outTradeNo ?? budget ?? channel ?? date ?? caller;
    const parts = [
      clock(message.at, now),
      sumOf([message]),
      about === undefined ? undefined : theirs(about, MOST_NAME),
    ];
    return parts.filter((part) => part !== undefined).join(' ');
  });
  const left = messages.length - shown.length;
  return left === 0 ? shown : [...shown, SAID.more[language].replace('{n}', String(left))];
}

/** `14:30（北京时间）`, with the day where it is another one's. */
function moment(at: number, now: number, language: 'zh' | 'en'): string {
  return `${clock(at, now)}${SAID.beijing[language]}`;
}

function clock(at: number, now: number): string {
  const [day = '', time = ''] = beijingDateTime(at).split(' ');
  return `${beijingDateTime(now).startsWith(day) ? '' : `${day.slice(5)} `}${time.slice(0, 5)}`;
}

/** `订单号：o-1`, as one line of plain text. */
export function lineOf({ label, value }: Fact, language: 'zh' | 'en'): string {
  return `${label}${SAID.colon[language]}${value}`;
}

/** What stands below the title, but for the button, as lines of plain text. */
export function linesOf(words: Words, language: 'zh' | 'en'): string[] {
  const { facts, rows, advice } = words;
  const said = advice === undefined ? [] : [advice];
  return [...facts.map((fact) => lineOf(fact, language)), ...rows, ...said, footerOf(words)];
}

/** Who says it and which message it is, as the last line of a text. */
export function footerOf({ sender, id }: Pick<Words, 'sender' | 'id'>): string {
  return `${sender} · ${id}`;
}
