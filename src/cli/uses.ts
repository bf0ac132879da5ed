import { ORDER_STATES } from '../domain/order.ts';
import { SUBSCRIPTION_STATES } from '../ledger/subscription-machine.ts';
import { ROLES } from '../persons/person.ts';
import { WALLET_IDS } from '../providers/registry.ts';
import { CLIENT_IDS } from './init/client-ids.ts';
import {
  choice,
  EVERY_PLACE,
  flag,
  JSON_OPTION,
  MERCHANT_OPTION,
  PLACE_OPTIONS,
  text,
  type Use,
} from './use.ts';

const REASON = { reason: text('TEXT', '原因', 'why') };
const PRICES_OPTION = {
  prices: text('FILE', '价目文件（或 CASHIER_PRICES）', 'the price file (or CASHIER_PRICES)'),
};
const NOTE = { note: text('TEXT', '备注', 'a note') };
const DAYS = {
  from: text('YYYY-MM-DD', '从这一天（北京时间）', 'from this day on (Beijing)'),
  to: text('YYYY-MM-DD', '到这一天，含当日', 'up to this day, itself included'),
};
const PORT = { port: text('N', '端口', 'the port') };
const CHECKPOINT = {
  checkpoint: {
    ...text('FILE', '另存的检查点，可多次', 'a checkpoint kept elsewhere; may be repeated'),
    multiple: true,
  },
} as const;
/** What only a person may do: the secret does it, or the password of one who may. */
const AS = {
  as: text('NAME', '以此操作员的身份，输入其密码；不写时用操作员口令', 'as this operator, by their password'),
};
const SUBSCRIPTIONS = {
  state: choice(SUBSCRIPTION_STATES, '只列这种状态', 'in this state only'),
  provider: choice(WALLET_IDS, '只列这种支付方式', 'of this payment method only'),
  caller: text('NAME', '只列这个调用方', 'of this caller only'),
};
/** Of commands that keep no ledger. */
const OF_A_HOME = { ...JSON_OPTION, home: PLACE_OPTIONS.home, ...MERCHANT_OPTION };

/** Every command there is: help, completion of a wrong word and the reading of arguments come from this table. */
export const USES = {
  stdio: {
    does: { zh: 'MCP 服务器（不带命令时即是）', en: 'the MCP server, also without a command' },
    actions: {
      '': {
        does: { zh: '在 stdin 与 stdout 上提供 MCP', en: 'serves MCP on stdin and stdout' },
        options: MERCHANT_OPTION,
      },
    },
  },
  alipay: {
    does: { zh: '代替支付宝官方 MCP 服务器', en: "stands in for Alipay's own MCP server" },
    actions: {
      '': {
        does: { zh: '同一服务器，官方的工具与文字', en: "the same server with that one's tools and texts" },
      },
    },
  },
  http: {
    does: {
      zh: 'HTTP 服务：MCP、通知、审批、监控',
      en: 'the service: MCP over HTTP, notifications, approvals, metrics',
    },
    actions: {
      '': {
        does: {
          zh: '在 CASHIER_HTTP_HOST、CASHIER_HTTP_PORT 上监听',
          en: 'listens at CASHIER_HTTP_HOST and CASHIER_HTTP_PORT',
        },
        options: { 'no-mcp': flag('不提供 /mcp，其余照常', 'without /mcp, all else as ever') },
      },
    },
  },
  gate: {
    does: {
      zh: '按次收费：站在自己的 HTTP API 或 MCP 服务器前面收款',
      en: 'charges per call for an HTTP API or MCP server of your own',
    },
    actions: {
      '': {
        does: {
          zh: '按价目文件收费，没有价格的请求原样转发',
          en: 'charges by a price file; what has no price passes through',
        },
        options: {
          ...PRICES_OPTION,
          port: text('N', '端口（默认 3921）', 'the port (3921)'),
          stdio: flag('在 stdio 上代替一个 MCP 服务器', 'in the place of one MCP server, on stdio'),
          ...MERCHANT_OPTION,
        },
      },
    },
  },
  demo: {
    does: { zh: '用模拟网关演示一遍', en: 'the whole loop on the simulator' },
    actions: {
      '': {
        does: { zh: '用每种支付方式各卖出并退款一次', en: 'sells and refunds once through each wallet' },
        options: {
          'auto-pay': flag('自动付款，不必点击', 'pays by itself, nobody has to click'),
          gate: flag(
            '改为演示按次收费：卖出 HTTP 请求与 MCP 工具调用',
            'instead, pay per call: sells HTTP requests and MCP tool calls',
          ),
          subscription: flag(
            '改为演示订阅：用户同意后由服务器扣款，再由用户关闭',
            'instead, a subscription: agreed to, charged by the server, ended by the subscriber',
          ),
        },
      },
    },
  },
  simulator: {
    does: { zh: '只运行模拟网关', en: 'only the gateway simulator' },
    actions: {
      '': {
        does: {
          zh: '以 JSON 打印指向它的环境变量',
          en: 'prints, as JSON, the environment that points a server at it',
        },
        options: {
          ...PORT,
          certificates: flag('证书模式的商户', 'for a merchant in certificate mode'),
          seller: choice(
            ['1', '2'],
            '平台（服务商）代收款的商家之一',
            "for a platform's first or second seller",
          ),
          home: PLACE_OPTIONS.home,
        },
      },
    },
  },
  init: {
    does: { zh: '把本服务器加入 MCP 客户端', en: 'adds this server to an MCP client' },
    otherwise: '',
    actions: {
      '': {
        args: '[CLIENT]',
        does: { zh: `CLIENT：${CLIENT_IDS.join(' ')}`, en: `CLIENT: ${CLIENT_IDS.join(' ')}` },
        options: {
          write: flag('写入客户端的配置文件', "writes into the client's file"),
          force: flag('替换同名的不同配置', 'replaces another one of that name'),
          live: flag('真实收款所需的变量', 'with what real payments need'),
          name: text('cashier', '服务器的名字', "the server's name"),
          package: text(
            'SPEC',
            '由 npx 运行的包、.tgz 文件，或 .js 文件',
            'what npx runs: a package, a .tgz or a .js file',
          ),
        },
      },
    },
  },
  doctor: {
    does: {
      zh: '检查配置、密钥、时钟、账本和支付平台',
      en: 'checks configuration, keys, clock, ledger and gateways',
    },
    actions: {
      '': {
        does: { zh: '不动钱；每项说明怎么办', en: 'moves no money; says what to do' },
        options: {
          ...JSON_OPTION,
          ...MERCHANT_OPTION,
          ...PRICES_OPTION,
          offline: flag('不连接支付平台', 'asks no gateway'),
        },
      },
    },
  },
  orders: {
    does: { zh: '账本中的订单', en: 'the orders of the ledger' },
    otherwise: 'list',
    actions: {
      list: {
        does: { zh: '最新的在前，附合计与退款', en: 'newest first, with totals and refunds' },
        options: {
          state: choice(ORDER_STATES, '只列这种状态', 'in this state only'),
          provider: choice(WALLET_IDS, '只列这种支付方式', 'of this payment method only'),
          caller: text('NAME', '只列这个调用方', 'of this caller only'),
          ...DAYS,
          search: text('TEXT', '订单号、交易号或商品名中含有', 'in order number, gateway number or title'),
          limit: text('N', '最多几笔（默认 20）', 'at most so many (20)'),
          format: choice(['table', 'csv'], 'csv 可用 Excel 直接打开', 'csv opens in Excel'),
          ...PLACE_OPTIONS,
        },
      },
      refund: {
        args: 'ORDER YUAN',
        does: {
          zh: '退款，由持有密钥的服务发出；同一订单的同一金额再运行不会再退',
          en: 'refunds it, by the server that has the keys; the same sum of an order is not refunded twice',
        },
        options: {
          number: text(
            'REFUND',
            '新的退款单号：同一金额要再退一笔',
            'a refund number of its own: the same sum once more',
          ),
          ...REASON,
          ...AS,
          ...PLACE_OPTIONS,
        },
      },
      release: {
        args: 'ORDER [REFUND]',
        does: {
          zh: '在支付平台核实没有发生后，结束结果待确认的订单，或释放退款的金额',
          en: 'ends an order, or frees the sum of a refund, of unknown result that the gateway never had',
        },
        options: { ...AS, ...PLACE_OPTIONS },
      },
    },
  },
  subscriptions: {
    does: {
      zh: '订阅：签约、各期扣款、取消',
      en: 'subscriptions: what is agreed to, each period, their ends',
    },
    otherwise: 'list',
    actions: {
      list: {
        does: { zh: '最新的在前', en: 'newest first' },
        options: {
          ...SUBSCRIPTIONS,
          limit: text('N', '最多几个（默认 20）', 'at most so many (20)'),
          ...PLACE_OPTIONS,
        },
      },
      show: {
        args: 'CONTRACT',
        does: { zh: '一个订阅的各期与经过', en: 'one of them: its periods and its story' },
        options: PLACE_OPTIONS,
      },
      cancel: {
        args: 'CONTRACT',
        does: {
          zh: '从此不再扣款；由持有密钥的服务向支付平台解约',
          en: 'nothing more is charged; the server that has the keys ends it at the gateway',
        },
        options: { ...AS, ...PLACE_OPTIONS },
      },
      export: {
        does: { zh: '打印 CSV，可用 Excel 直接打开', en: 'prints CSV that Excel opens' },
        options: { ...SUBSCRIPTIONS, ...PLACE_OPTIONS },
      },
    },
  },
  console: {
    does: {
      zh: '商家后台：收款、订单、退款、规则',
      en: "the merchant's console: takings, orders, refunds, rules",
    },
    actions: {
      '': {
        does: {
          zh: '在本机打开，用操作员口令登录',
          en: 'serves it on this machine; sign in with the operator secret',
        },
        options: { ...PORT, ...PLACE_OPTIONS },
      },
    },
  },
  approvals: {
    does: { zh: '待审批的收款与退款', en: 'payments and refunds that await approval' },
    otherwise: 'list',
    actions: {
      list: { does: { zh: '列出', en: 'lists them' }, options: PLACE_OPTIONS },
      show: { args: 'ID', does: { zh: '详情与经过', en: 'one, with its story' }, options: PLACE_OPTIONS },
      approve: { args: 'ID', does: { zh: '批准', en: 'approves it' }, options: { ...AS, ...PLACE_OPTIONS } },
      deny: {
        args: 'ID',
        does: { zh: '拒绝', en: 'denies it' },
        options: { ...REASON, ...AS, ...PLACE_OPTIONS },
      },
      page: {
        does: { zh: '在本机打开审批页面', en: 'serves the approval pages on this machine' },
        options: { ...PORT, ...PLACE_OPTIONS },
      },
    },
  },
  freeze: {
    does: { zh: '立刻暂停收款、关单和退款', en: 'pauses payments, closes and refunds at once' },
    actions: {
      '': {
        does: {
          zh: '该文件夹的每一本账本；--realm 只停一个环境，--merchant 只停一个商户',
          en: 'in every ledger of the home; --realm stops one realm only, --merchant one merchant',
        },
        options: { ...REASON, ...EVERY_PLACE },
      },
    },
  },
  unfreeze: {
    does: { zh: '恢复', en: 'resumes them' },
    actions: {
      '': {
        does: { zh: '需要操作员口令', en: 'needs the operator secret' },
        options: {
          'despite-differences': flag(
            '从备份恢复的账本：未对完账或有差异也恢复',
            'of a restored ledger: although days are not reconciled or differ',
          ),
          ...AS,
          ...EVERY_PLACE,
        },
      },
    },
  },
  budget: {
    does: { zh: '调用方的额度', en: "callers' allowances" },
    otherwise: 'show',
    actions: {
      show: {
        args: '[CALLER]',
        does: { zh: '额度与变动', en: 'allowances and their moves' },
        options: PLACE_OPTIONS,
      },
      'top-up': {
        args: 'CALLER YUAN',
        does: { zh: '追加额度', en: 'adds to the allowance' },
        options: { ...NOTE, ...AS, ...PLACE_OPTIONS },
      },
      draw: {
        args: 'CALLER YUAN',
        does: { zh: '减少额度', en: 'takes from the allowance' },
        options: { ...NOTE, ...AS, ...PLACE_OPTIONS },
      },
    },
  },
  policy: {
    does: { zh: '生效的规则', en: 'the rules in force' },
    otherwise: 'show',
    actions: {
      show: {
        does: { zh: '规则，以及与文件的差别', en: 'the rules, and how the file differs' },
        options: PLACE_OPTIONS,
      },
      accept: {
        does: { zh: '让文件中的规则生效', en: "puts the file's rules in force" },
        options: { ...AS, ...PLACE_OPTIONS },
      },
    },
  },
  operator: {
    does: { zh: '操作员口令，以及由它添加的操作员', en: 'the operator secret, and whom it lets in' },
    otherwise: 'list',
    actions: {
      list: {
        does: { zh: '操作员、权限、通行密钥', en: 'who may sign in, as what, and by what' },
        options: PLACE_OPTIONS,
      },
      add: {
        args: 'NAME',
        does: {
          zh: '添加操作员，给出一次性邀请（1 小时内有效）',
          en: 'lets somebody in, by an invitation that is good once, for an hour',
        },
        options: {
          role: choice(
            ROLES,
            'see 只看；decide 可审批、退款、关单；rule 还可改规则、额度、暂停',
            'see: looks; decide: approves, refunds, closes; rule: also rules, allowances, pausing',
          ),
          ...PLACE_OPTIONS,
        },
      },
      revoke: {
        args: 'NAME',
        does: { zh: '移除操作员，立即生效', en: 'ends all that somebody may, at once' },
        options: PLACE_OPTIONS,
      },
      'set-secret': {
        does: {
          zh: '设置或更换（默认为正式账本）',
          en: 'sets or changes it (of the live ledger unless told otherwise)',
        },
        options: PLACE_OPTIONS,
      },
    },
  },
  audit: {
    does: { zh: '审计记录', en: 'the audit trail' },
    actions: {
      verify: {
        does: { zh: '核对有无改动', en: 'finds any change' },
        options: {
          ...CHECKPOINT,
          ...PLACE_OPTIONS,
        },
      },
      checkpoint: {
        does: { zh: '签发检查点', en: 'signs a checkpoint' },
        options: { out: text('FILE', '追加到文件', 'appends it to a file'), ...PLACE_OPTIONS },
      },
      show: {
        args: 'ORDER',
        does: { zh: '一笔订单的经过', en: "one order's story" },
        options: PLACE_OPTIONS,
      },
      export: {
        does: { zh: '导出全部记录', en: 'writes the records out' },
        options: {
          format: choice(['jsonl', 'csv'], '默认 jsonl', 'jsonl without it'),
          ...DAYS,
          out: text('FILE', '写入新文件', 'into a new file'),
          ...PLACE_OPTIONS,
        },
      },
    },
  },
  ledger: {
    does: {
      zh: '账本本身：概况、备份、恢复、迁移、删去买家信息',
      en: 'the ledger as a whole: what it is, backing up, restoring, moving, forgetting payers',
    },
    otherwise: 'info',
    actions: {
      info: {
        does: {
          zh: '是哪一本、多大、谁在用、何时备份过',
          en: 'which, how large, in whose use, when it was backed up',
        },
        options: PLACE_OPTIONS,
      },
      backup: {
        args: 'FILE',
        does: {
          zh: '备份到新文件并核对，服务器照常运行',
          en: 'into a new file, verified, while servers work on',
        },
        options: PLACE_OPTIONS,
      },
      restore: {
        args: 'FILE',
        does: { zh: '恢复到还没有账本的位置，先暂停', en: 'to where no ledger is; it begins paused' },
        options: { ...CHECKPOINT, ...PLACE_OPTIONS },
      },
      forget: {
        args: '[ORDER]',
        does: {
          zh: '删去买家信息（openid、IP、买家标识），账仍可核对',
          en: 'who has paid (openid, IP, buyer); the trail still verifies',
        },
        options: {
          'older-than': text(
            'DAYS',
            '早于这么多天的所有已完成订单',
            'of all final orders older than so many days',
          ),
          ...PLACE_OPTIONS,
        },
      },
      migrate: {
        does: {
          zh: '迁到另一个数据库（SQLite 与 PostgreSQL 互迁）；中断后原样再运行一次',
          en: 'to another database, SQLite or PostgreSQL; broken off, run the same again',
        },
        options: {
          from: text('ADDRESS', '从哪里；不写时同 --ledger', 'from where; as --ledger without it'),
          to: text(
            'ADDRESS',
            '到哪里：还不存在的文件，或空的数据库',
            'to where: a file that is not there, or an empty database',
          ),
          undo: flag('放弃没有做完的迁移', 'gives up a move that has not come to its end'),
          ...PLACE_OPTIONS,
        },
      },
    },
  },
  receipts: {
    does: { zh: '付款和退款的签名收据', en: 'signed receipts of payments and refunds' },
    actions: {
      show: {
        args: 'ORDER',
        does: {
          zh: '打印收据，一行一份，先付款后退款；保存到文件即可交给别人',
          en: 'prints them, one a line, the payment first; a file of it is what others check',
        },
        options: PLACE_OPTIONS,
      },
      verify: {
        args: 'FILE',
        does: {
          zh: '核对收据；全部有效时退出码为 0',
          en: 'checks the receipts in it; ends with 0 where all are right',
        },
        options: {
          jwks: text(
            'URL|FILE',
            '签发者的公钥；不写时用本账本的密钥，不联网',
            "the issuer's public keys; without it this ledger's own, offline",
          ),
          ...PLACE_OPTIONS,
        },
      },
    },
  },
  reconcile: {
    does: { zh: '与支付平台账单对账', en: "compares a day with the gateways' bills" },
    actions: {
      '': {
        does: {
          zh: '需要密钥；没有差异时退出码为 0',
          en: 'needs the keys; ends with 0 where nothing differs',
        },
        options: {
          date: text('YYYY-MM-DD', '哪一天', 'which day'),
          provider: choice(WALLET_IDS, '只对这种支付方式', 'this method only'),
          settle: flag('向支付平台查清状态不符的', 'asks the gateway where states differ'),
          ...PLACE_OPTIONS,
        },
      },
    },
  },
  channels: {
    does: {
      zh: '通知渠道：群机器人、手机、自己的系统',
      en: 'who is told what happens: group robots, phones, your systems',
    },
    otherwise: 'list',
    actions: {
      list: {
        does: { zh: '状态与等待发送的事件', en: 'their state, and what waits to be told' },
        options: PLACE_OPTIONS,
      },
      test: {
        args: 'NAME',
        does: { zh: '发一条测试消息', en: 'sends a message that says that it works' },
        options: PLACE_OPTIONS,
      },
      summary: {
        does: { zh: '向所有渠道发送今天至今的小结', en: 'tells all of them what today has come to so far' },
        options: PLACE_OPTIONS,
      },
      enable: {
        args: 'NAME',
        does: { zh: '恢复已停用的渠道', en: 'goes on with one that was disabled' },
        options: PLACE_OPTIONS,
      },
      replay: {
        args: '[NAME]',
        does: {
          zh: '向一个或所有渠道重新发送一段时间的事件',
          en: 'tells one of them, or all, once more what has happened',
        },
        options: {
          since: text('TIME', '从何时起（默认 24 小时，至多 7 天）', 'since when (24 hours; 7 days at most)'),
          ...PLACE_OPTIONS,
        },
      },
    },
  },
  merchants: {
    does: {
      zh: '为哪些商户收款：收款方、支付方式、账本',
      en: 'whom this collects for: payee, wallets, ledger',
    },
    otherwise: 'list',
    actions: { list: { does: { zh: '列出', en: 'lists them' }, options: PLACE_OPTIONS } },
  },
  tokens: {
    does: { zh: 'HTTP 调用方的令牌', en: 'who may call over HTTP' },
    otherwise: 'list',
    actions: {
      list: { does: { zh: '列出', en: 'lists them' }, options: OF_A_HOME },
      add: {
        args: 'NAME',
        does: { zh: '新建，令牌只显示一次', en: 'makes one and shows it once' },
        options: {
          tools: text(
            'a,b',
            '可用的工具；metrics 为读取 /metrics',
            'the tools it may call; metrics: may read /metrics',
          ),
          orders: choice(['own', 'all'], '能看到哪些订单', 'the orders it sees'),
          policy: text('FILE', '更严的规则', 'stricter rules for it'),
          ...OF_A_HOME,
        },
      },
      revoke: { args: 'NAME', does: { zh: '吊销', en: 'revokes it' }, options: OF_A_HOME },
    },
  },
} as const satisfies Record<string, Use>;

export type CommandName = keyof typeof USES;
