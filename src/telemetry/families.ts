import { ERROR_CODES, type Text } from '../domain/errors.ts';
import { REALMS } from '../domain/order.ts';
import { TOLD_OUTCOMES } from '../events/event.ts';
import { CHANNEL_KINDS } from '../events/kinds/kind.ts';
import { NOTIFY_OUTCOMES } from '../payments/apply-notify.ts';
import { RULE_NAMES } from '../policy/rules.ts';
import { NOTIFY_REASONS } from '../providers/contract.ts';
import { EXCHANGE_OUTCOMES, OPERATIONS } from '../providers/measured.ts';
import { WALLET_IDS } from '../providers/registry.ts';

/** What else a label would say: whatever is in none of these lists. */
export const OTHER = 'other';
/** In place of a list: names that persons of the merchant's have given, of which a figure shows few. */
export const BY_PERSON = 'by-person';
/** In place of a list: names that the code has, and are told when the service starts. */
export const BY_CODE = 'by-code';

/** One metric: what it counts or measures, what it means to whoever runs the service, and when to be woken. */
export interface Family {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly does: Text;
  readonly alarm?: Text;
  /** All values that each label can have. */
  readonly labels: Readonly<Record<string, readonly string[] | typeof BY_PERSON | typeof BY_CODE>>;
  /** Upper bounds (s). */
  readonly buckets?: readonly number[];
  /** Every series is there from the start, so that the first event is seen to be one. */
  readonly fromZero?: true;
}

const CALL_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const LEDGER_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15];
const LAG_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
const NONE = {};

export const CALL_OUTCOMES = ['ok', 'input_required', ...ERROR_CODES] as const;
const KINDS = ['read', 'write', 'note'] as const;

/** Every metric there is, in the order in which they are shown. */
export const FAMILIES = {
  cashier_info: {
    kind: 'gauge',
    labels: { version: BY_CODE, realm: REALMS },
    does: { zh: '版本与环境，值总是 1', en: 'Version and realm; always 1' },
    alarm: { zh: '`realm` 不是 `live`：不是真钱', en: '`realm` is not `live`: no real money' },
  },
  cashier_tool_calls_total: {
    kind: 'counter',
    labels: { tool: BY_CODE, outcome: CALL_OUTCOMES },
    does: { zh: '工具调用次数，按结果（错误码）', en: 'Tool calls by how they ended (error codes)' },
    alarm: {
      zh: '`INTERNAL` 或 `CONFIGURATION` 增加；`FROZEN` 增加：已暂停而智能体仍在调用',
      en: '`INTERNAL` or `CONFIGURATION` grows; `FROZEN` grows: agents call while you have paused',
    },
  },
  cashier_tool_call_duration_seconds: {
    kind: 'histogram',
    labels: { tool: BY_CODE },
    buckets: CALL_S,
    does: {
      zh: '工具调用耗时，含等待付款的时间（`waitSeconds`）',
      en: 'How long tool calls take, waits for payment (`waitSeconds`) included',
    },
  },
  cashier_calls_under_way: {
    kind: 'gauge',
    labels: NONE,
    does: { zh: '正在处理的调用', en: 'Calls that are being answered' },
  },
  cashier_waits_open: {
    kind: 'gauge',
    labels: NONE,
    does: { zh: '正在等待付款的调用', en: 'Calls that wait for a payment' },
  },
  cashier_calls_limited_total: {
    kind: 'counter',
    labels: NONE,
    fromZero: true,
    does: {
      zh: '因调用过于频繁、或等待记账的内容太多而未处理的请求',
      en: 'Requests that were not looked at: their caller asks too often, or too much waits to be written',
    },
    alarm: {
      zh: '持续增加：某个智能体失控，或账本跟不上',
      en: 'Keeps growing: an agent runs wild, or the ledger does not keep up',
    },
  },
  cashier_policy_denials_total: {
    kind: 'counter',
    labels: { rule: RULE_NAMES },
    fromZero: true,
    does: { zh: '被商家规则拒绝的调用，按规则', en: 'Calls that the rules denied, by rule' },
    alarm: {
      zh: '突然增多：智能体可能被提示词注入，或上限过低',
      en: 'A sudden rise: an agent may follow injected prompts, or a limit is too low',
    },
  },
  cashier_gateway_request_duration_seconds: {
    kind: 'histogram',
    labels: { gateway: WALLET_IDS, operation: OPERATIONS, outcome: EXCHANGE_OUTCOMES },
    buckets: CALL_S,
    does: {
      zh: '向支付平台发出的请求的耗时，按操作与结果：`declined` 也是回答，`unavailable` 没有发出，`unknown` 可能已生效；只需在本地签名的付款链接也算在内',
      en: 'Requests to the gateways by operation and outcome: `declined` is an answer, too; `unavailable`, nothing was sent; `unknown`, it may have happened. Links that are only signed here count as well',
    },
    alarm: {
      zh: '`unknown` 或 `unavailable` 超过 5%（5 分钟内）；`failed` 增加',
      en: '`unknown` or `unavailable` above 5 % over 5 minutes; `failed` grows',
    },
  },
  cashier_notifications_total: {
    kind: 'counter',
    labels: { gateway: WALLET_IDS, outcome: NOTIFY_OUTCOMES },
    fromZero: true,
    does: { zh: '收到的异步通知，按处理结果', en: 'Notifications by what became of them' },
    alarm: {
      zh: '`foreign` 增加：验签通过，但账号或金额与订单不符；有交易而一小时没有 `applied`：通知到不了这里',
      en: '`foreign` grows: signed, and not for our account or amount; no `applied` for an hour while you sell: notifications do not arrive',
    },
  },
  cashier_notifications_rejected_total: {
    kind: 'counter',
    labels: { gateway: WALLET_IDS, reason: NOTIFY_REASONS },
    fromZero: true,
    does: { zh: '被拒收的异步通知，按原因', en: 'Notifications that were rejected, by reason' },
    alarm: {
      zh: '`bad-signature` 增加：有人伪造，或公钥配置错误；`undecryptable`：APIv3 密钥错误；`stale`、`ahead-of-time`：时钟不准',
      en: '`bad-signature` grows: forgeries, or a wrong public key; `undecryptable`: a wrong APIv3 key; `stale`, `ahead-of-time`: a wrong clock',
    },
  },
  cashier_settler_last_round_timestamp_seconds: {
    kind: 'gauge',
    labels: NONE,
    does: { zh: '上一轮自动查询的时间', en: 'When open orders were last gone through' },
    alarm: {
      zh: '`time() - …` 超过 60：未完成的订单不再被查询',
      en: '`time() - …` above 60: open orders are not asked about any more',
    },
  },
  cashier_ledger_readable: {
    kind: 'gauge',
    labels: NONE,
    does: {
      zh: '账本能否读取；为 0 时，以下取自账本的指标不显示',
      en: 'Whether the ledger can be read; while it is 0 the figures of the ledger below are missing',
    },
    alarm: { zh: '等于 0', en: 'Is 0' },
  },
  cashier_orders_in_doubt: {
    kind: 'gauge',
    labels: { gateway: WALLET_IDS },
    does: {
      zh: '结果待确认的订单（账本，最多计到 5000）',
      en: 'Orders whose result is unknown (ledger; counted up to 5,000)',
    },
  },
  cashier_oldest_order_in_doubt_age_seconds: {
    kind: 'gauge',
    labels: { gateway: WALLET_IDS },
    does: {
      zh: '其中最早的一笔有多久（账本；没有时为 0）',
      en: 'Age of the oldest of them (ledger; 0 where there is none)',
    },
    alarm: {
      zh: '超过 900：支付平台长时间没有可信的回答',
      en: 'Above 900: the gateway has given no answer that can be trusted for long',
    },
  },
  cashier_refunds_in_doubt: {
    kind: 'gauge',
    labels: NONE,
    does: {
      zh: '结果待确认的退款（账本，最多计到 5000）',
      en: 'Refunds whose result is unknown (ledger; counted up to 5,000)',
    },
  },
  cashier_oldest_refund_in_doubt_age_seconds: {
    kind: 'gauge',
    labels: NONE,
    does: {
      zh: '其中最早的一笔有多久（账本；没有时为 0）',
      en: 'Age of the oldest of them (ledger; 0 where there is none)',
    },
    alarm: {
      zh: '超过 3600：在支付平台的后台核对这笔退款',
      en: "Above 3600: look that refund up in the gateway's console",
    },
  },
  cashier_approvals_waiting: {
    kind: 'gauge',
    labels: NONE,
    does: { zh: '待审批（账本）', en: 'Awaiting approval (ledger)' },
    alarm: { zh: '10 分钟内一直大于 0：15 分钟后过期', en: 'Above 0 for 10 minutes: they expire after 15' },
  },
  cashier_approvals_to_carry_out: {
    kind: 'gauge',
    labels: NONE,
    does: { zh: '已批准、尚未执行（账本）', en: 'Approved and not carried out yet (ledger)' },
    alarm: {
      zh: '1 分钟内一直大于 0：已暂停，或没有持有该账号密钥的进程',
      en: 'Above 0 for a minute: paused, or no process has the keys of that account',
    },
  },
  cashier_paused: {
    kind: 'gauge',
    labels: NONE,
    does: { zh: '收款和退款是否已暂停（账本）', en: 'Whether payments and refunds are paused (ledger)' },
    alarm: { zh: '等于 1', en: 'Is 1' },
  },
  cashier_budget_left_fen: {
    kind: 'gauge',
    labels: { budget: BY_PERSON },
    does: {
      zh: '剩余额度，单位为分（账本）；`budget` 是追加额度时填写的名称，至多 100 个',
      en: 'What is left of an allowance, in fen (ledger); `budget` is the name it was added to under, at most 100',
    },
    alarm: { zh: '低于一天的用量', en: 'Below what a day takes' },
  },
  cashier_channel_tries_total: {
    kind: 'counter',
    labels: { kind: CHANNEL_KINDS, outcome: TOLD_OUTCOMES },
    does: {
      zh: '向通知渠道发送的次数，按渠道种类与结果：`again` 稍后再试，`refused` 这一条不再发送，`disabled` 渠道已停用',
      en: 'Tries to tell a channel something, by its kind and what came of it: `again` is tried later, `refused` was put aside, `disabled` silences the channel',
    },
    alarm: { zh: '`refused` 或 `disabled` 增加', en: '`refused` or `disabled` grows' },
  },
  cashier_events_waiting: {
    kind: 'gauge',
    labels: { kind: CHANNEL_KINDS },
    does: {
      zh: '等待发送的事件（账本，每个渠道最多计到 5000）',
      en: 'Events that wait to be told (ledger; counted up to 5,000 a channel)',
    },
  },
  cashier_oldest_event_waiting_age_seconds: {
    kind: 'gauge',
    labels: { kind: CHANNEL_KINDS },
    does: {
      zh: '其中最早的一个有多久（账本；没有时为 0）',
      en: 'Age of the oldest of them (ledger; 0 where there is none)',
    },
    alarm: {
      zh: '超过 600：渠道收不到通知，运行 `channels list`',
      en: 'Above 600: a channel hears nothing; run `channels list`',
    },
  },
  cashier_channels_disabled: {
    kind: 'gauge',
    labels: { kind: CHANNEL_KINDS },
    does: { zh: '已停用的通知渠道（账本）', en: 'Channels that are disabled (ledger)' },
    alarm: { zh: '大于 0', en: 'Above 0' },
  },
  cashier_ledger_wait_seconds: {
    kind: 'histogram',
    labels: { kind: KINDS },
    buckets: LEDGER_S,
    does: {
      zh: '事务等待账本（锁）的时间',
      en: 'How long transactions wait for their turn at the ledger (its lock)',
    },
    alarm: {
      zh: '`write` 的 p99 超过 1 秒：账本跟不上',
      en: 'p99 of `write` above 1 s: the ledger does not keep up',
    },
  },
  cashier_ledger_commit_seconds: {
    kind: 'histogram',
    labels: { kind: KINDS },
    buckets: LEDGER_S,
    does: { zh: '提交事务的时间（写盘）', en: 'How long a commit takes (the disk)' },
    alarm: {
      zh: '`write` 的 p99 超过 0.25 秒：磁盘过慢',
      en: 'p99 of `write` above 0.25 s: the disk is slow',
    },
  },
  cashier_ledger_listening: {
    kind: 'gauge',
    labels: NONE,
    does: {
      zh: '其他进程写入账本后，能否由 LISTEN 立即得知；为 0 时每 0.25 秒查看一次（仅 PostgreSQL）',
      en: 'Whether LISTEN tells at once of what other processes commit; while it is 0 the ledger is looked at every 0.25 s (PostgreSQL only)',
    },
    alarm: {
      zh: '5 分钟内一直为 0：运行 `doctor`，检查 `CASHIER_LEDGER_LISTEN`',
      en: 'Is 0 for 5 minutes: run `doctor`, see to `CASHIER_LEDGER_LISTEN`',
    },
  },
  cashier_event_loop_lag_seconds: {
    kind: 'histogram',
    labels: NONE,
    buckets: LAG_S,
    does: { zh: '事件循环的延迟，每 0.1 秒测一次', en: 'How late the event loop is, measured every 0.1 s' },
    alarm: { zh: 'p99 超过 0.1 秒：进程过载', en: 'p99 above 0.1 s: the process is overloaded' },
  },
  process_cpu_seconds_total: {
    kind: 'counter',
    labels: NONE,
    does: { zh: '进程用掉的处理器时间', en: 'Processor time of the process' },
  },
  process_resident_memory_bytes: {
    kind: 'gauge',
    labels: NONE,
    does: { zh: '进程占用的内存', en: 'Memory of the process' },
    alarm: { zh: '数日持续增长', en: 'Grows for days' },
  },
  process_start_time_seconds: {
    kind: 'gauge',
    labels: NONE,
    does: { zh: '进程启动的时间', en: 'When the process started' },
    alarm: {
      zh: '一小时内变化三次以上：进程反复重启',
      en: 'Changes more than three times in an hour: it restarts again and again',
    },
  },
} as const satisfies Readonly<Record<string, Family>>;

export type FamilyName = keyof typeof FAMILIES;
type LabelsOf<Name extends FamilyName> = (typeof FAMILIES)[Name]['labels'];

/** A value for each label of a metric, out of its list. */
export type Labels<Name extends FamilyName> = {
  readonly [Label in keyof LabelsOf<Name>]: LabelsOf<Name>[Label] extends readonly (infer Value)[]
    ? Value
    : string;
};
