import type { Bug } from '../bug.ts';

const BOUND = 'A bill is bound to its request';
const ONCE = 'What is paid for is executed once, or paid back';
const COUNTER = ['test/gate/mcp/paid-counter.test.ts'];

/** What stands between a payer's agent and somebody's MCP server. */
export const TOOL_CALLS: readonly Bug[] = [
  {
    name: 'cheap-arguments-pay-for-dear-ones',
    deed: 'The number of a paid call of a tool redeems any call of that tool.',
    breaks: BOUND,
    edits: [
      [
        'src/gate/mcp/paid-counter.ts',
        'return isOfTool && requestHash === asked.requestHash;',
        'return isOfTool && requestHash !== undefined;',
      ],
    ],
    caughtBy: COUNTER,
    simulated: true,
  },
  {
    name: 'number-goes-to-the-upstream',
    deed: 'The argument that redeems is passed on with the others.',
    breaks: 'A number that redeems is nobody’s but the payer’s',
    edits: [
      [
        'src/gate/mcp/asked.ts',
        'params: { ...rest, arguments: args,',
        'params: { ...rest, arguments: given,',
      ],
    ],
    caughtBy: COUNTER,
  },
  {
    name: 'strangers-share-a-payment',
    deed: 'Over HTTP, too, whoever asks with the same arguments gets what another has paid for.',
    breaks: BOUND,
    edits: [['src/gate/mcp/paid-counter.ts', '    if (!this.#options.ofOneClient) return;\n', '']],
    caughtBy: COUNTER,
  },
  {
    name: 'lost-tool-call-is-made-again',
    deed: 'A tool whose answer was lost is called again, whatever its price says of that.',
    breaks: ONCE,
    edits: [
      [
        'src/gate/mcp/executions.ts',
        'answer.reached && !claimed.repeatable',
        '!answer.reached && !claimed.repeatable',
      ],
    ],
    caughtBy: COUNTER,
    simulated: true,
  },
  {
    name: 'failed-tool-is-kept-as-delivered',
    deed: 'A result that says that it is an error is stored, and its price kept.',
    breaks: ONCE,
    edits: [
      ['src/gate/mcp/executions.ts', 'if (result.isError === true) {', 'if (result.isError === "true") {'],
    ],
    caughtBy: COUNTER,
  },
  {
    name: 'question-is-stored-as-the-result',
    deed: 'What an upstream asks the client first is taken for what was paid for.',
    breaks: ONCE,
    edits: [
      [
        'src/gate/mcp/executions.ts',
        "result.resultType === 'input_required'",
        "result.resultType === 'incomplete'",
      ],
    ],
    caughtBy: COUNTER,
  },
  {
    name: 'merchant-keys-go-to-the-upstream',
    deed: 'The program behind the gate inherits the whole environment.',
    breaks: 'Secrets stay home',
    edits: [
      [
        'src/gate/mcp/upstream.ts',
        'env: { ...notOurs(ports.env), ...reached.env }',
        'env: { ...(ports.env as Record<string, string>), ...reached.env }',
      ],
    ],
    caughtBy: ['test/gate/mcp/upstream.test.ts'],
  },
  {
    name: 'held-claim-never-looked-at',
    deed: 'A call whose client was asked something goes on by a claim that has run out, whoever has it by now.',
    breaks: ONCE,
    edits: [
      [
        'src/payments/paid-calls/redeem.ts',
        'const call = await book.paidCalls.again(shown);',
        "const call = await book.paidCalls.again(shown);\n  if (held) return { todo: 'execute', call: held };",
      ],
    ],
    caughtBy: COUNTER,
  },
];
