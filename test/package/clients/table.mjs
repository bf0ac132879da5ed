// One row a client: exact packages, whether it is quick, what of a payment reaches its model (`shows`; absent where it
// is not driven), and how it is played.
import { throughBackend } from './inspector-web.mjs';

const WHOLE = { text: true, picture: true };

/** Words that an agent's command line prints for a server that answers. */
function connected(out, word = /connected/i) {
  if (!word.test(out)) throw new Error(`not connected:\n${out}`);
}

const ANTHROPIC = ({ model }) => ({
  ANTHROPIC_BASE_URL: model,
  ANTHROPIC_API_KEY: 'none',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  ENABLE_TOOL_SEARCH: 'false',
});
/** For those whose proxy takes loopback too, or that break on one. */
const NO_PROXY = { HTTPS_PROXY: '', HTTP_PROXY: '' };
const OPENAI = ({ model }) => ({ OPENAI_API_KEY: 'none', OPENAI_BASE_URL: `${model}/v1` });

/** @param MCP_PROTOCOL_NEGOTIATION `auto` is 2026-07-28 where the server speaks it */
const claudeCode = (MCP_PROTOCOL_NEGOTIATION) => async (stage) => {
  const { server, home, write, run } = stage;
  const env = { ...ANTHROPIC(stage), MCP_PROTOCOL_NEGOTIATION };
  await run('claude', ['mcp', 'add', 'cashier', '--', server.command, ...server.args], env);
  await stage.service(async (url) => {
    await run('claude', ['mcp', 'add', '--transport', 'http', 'service', url], env);
    const out = await run('claude', ['mcp', 'list'], env);
    connected(
      out,
      /cashier: .*Connected[\s\S]*service: .*Connected|service: .*Connected[\s\S]*cashier: .*Connected/,
    );
  });
  const config = write('mcp.json', { mcpServers: { cashier: server } });
  const tools = [
    '--mcp-config',
    config,
    '--strict-mcp-config',
    '--allowedTools',
    'mcp__cashier__create-payment',
  ];
  await run('claude', ['-p', 'sell', ...tools], env);
  return { home, notes: [`mcp list over stdio and HTTP (${MCP_PROTOCOL_NEGOTIATION})`] };
};

export const CLIENTS = [
  {
    name: 'claude-code',
    packages: ['@anthropic-ai/claude-code@2.1.332'],
    quick: true,
    // Speaks 2026-07-28, where a tool's list and answer are the same for everybody: the structure stands in for the words.
    shows: { text: false, picture: true },
    play: claudeCode('auto'),
  },
  {
    name: 'claude-code-legacy',
    packages: ['@anthropic-ai/claude-code@2.1.332'],
    shows: WHOLE,
    play: claudeCode('legacy'),
  },
  {
    name: 'codex',
    packages: ['@openai/codex@0.171.0'],
    quick: true,
    shows: WHOLE,
    async play({ server, home, model, write, run }) {
      const toml = [
        'model = "stand-in"',
        'model_provider = "loopback"',
        '[analytics]',
        'enabled = false',
        '[model_providers.loopback]',
        'name = "loopback"',
        `base_url = "${model}/v1"`,
        'wire_api = "responses"',
        'env_key = "NO_KEY"',
        '[mcp_servers.cashier]',
        `command = ${JSON.stringify(server.command)}`,
        `args = ${JSON.stringify(server.args)}`,
      ];
      write('.codex/config.toml', `${toml.join('\n')}\n`);
      connected(await run('codex', ['mcp', 'list']), /cashier .*enabled/);
      const free = ['--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox'];
      await run('codex', ['exec', ...free, 'sell'], { NO_KEY: 'none' });
      return { home, notes: ['mcp list'] };
    },
  },
  {
    name: 'gemini-cli',
    packages: ['@google/gemini-cli@0.61.0'],
    quick: true,
    shows: WHOLE,
    async play({ server, home, model, write, run }) {
      write('.gemini/settings.json', {
        mcpServers: { cashier: { ...server, trust: true } },
        security: { auth: { selectedType: 'gemini-api-key' } },
        telemetry: { enabled: false },
        privacy: { usageStatisticsEnabled: false },
        general: { enableAutoUpdate: false },
      });
      const trusted = { GEMINI_CLI_TRUST_WORKSPACE: 'true' };
      connected(await run('gemini', ['mcp', 'list'], trusted), /cashier: .*Connected/);
      const env = { ...trusted, GEMINI_API_KEY: 'none', GOOGLE_GEMINI_BASE_URL: model };
      await run('gemini', ['-p', 'sell', '--yolo', '-m', 'gemini-2.5-pro'], env);
      return { home, notes: ['mcp list'] };
    },
  },
  {
    name: 'qwen-code',
    packages: ['@qwen-code/qwen-code@0.15.10'],
    quick: true,
    shows: WHOLE,
    async play(stage) {
      const { server, home, write, run } = stage;
      write('.qwen/settings.json', {
        mcpServers: { cashier: { ...server, trust: true } },
        security: { auth: { selectedType: 'openai' } },
        model: { name: 'stand-in', generationConfig: { modalities: { image: true } } },
        telemetry: { enabled: false },
        privacy: { usageStatisticsEnabled: false },
        general: { enableAutoUpdate: false },
      });
      const env = { ...OPENAI(stage), OPENAI_MODEL: 'stand-in', ...NO_PROXY };
      connected(await run('qwen', ['mcp', 'list'], env));
      await run('qwen', ['-p', 'sell', '--yolo'], env);
      return { home, notes: ['mcp list'] };
    },
  },
  {
    name: 'opencode',
    packages: ['opencode-ai@1.18.33'],
    shows: WHOLE,
    async play({ server, home, model, write, run }) {
      const sees = { name: 'stand-in', attachment: true, tool_call: true };
      write('project/opencode.json', {
        mcp: { cashier: { type: 'local', command: [server.command, ...server.args] } },
        autoupdate: false,
        share: 'disabled',
        model: 'loopback/stand-in',
        small_model: 'loopback/stand-in',
        provider: {
          loopback: {
            npm: '@ai-sdk/openai-compatible',
            options: { baseURL: `${model}/v1`, apiKey: 'none' },
            models: { 'stand-in': { ...sees, modalities: { input: ['text', 'image'], output: ['text'] } } },
          },
        },
      });
      const env = { OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_AUTOUPDATE: '1' };
      connected(await run('opencode', ['mcp', 'list'], env));
      await run('opencode', ['run', 'sell'], env);
      return { home, notes: ['mcp list'] };
    },
  },
  {
    name: 'copilot-cli',
    packages: ['@github/copilot@1.0.102'],
    shows: { text: true, picture: false },
    async play({ server, home, model, write, run }) {
      const config = write('mcp.json', {
        mcpServers: { cashier: { type: 'local', ...server, tools: ['*'] } },
      });
      const options = [
        '--allow-all-tools',
        '--disable-builtin-mcps',
        '--additional-mcp-config',
        `@${config}`,
      ];
      await run('copilot', ['-p', 'sell', ...options], {
        COPILOT_PROVIDER_BASE_URL: `${model}/v1`,
        COPILOT_PROVIDER_TYPE: 'openai',
        COPILOT_PROVIDER_API_KEY: 'none',
        COPILOT_MODEL: 'stand-in',
        COPILOT_OFFLINE: 'true',
        COPILOT_AUTO_UPDATE: 'false',
      });
      return { home, notes: [] };
    },
  },
  {
    name: 'openai-agents',
    packages: ['@openai/agents@0.20.0', 'zod@4.6.7'],
    quick: true,
    shows: WHOLE,
    async play(stage) {
      const { tools } = await stage.script('agents.mjs', OPENAI(stage));
      stage.listed(tools);
      return { home: stage.home, notes: ['listTools'] };
    },
  },
  {
    name: 'langchain',
    packages: ['@langchain/mcp-adapters@1.1.4', '@langchain/google-genai@2.3.2', '@langchain/core@1.4.0'],
    quick: true,
    shows: WHOLE,
    async play(stage) {
      const { tools } = await stage.script('langchain.mjs');
      stage.listed(tools);
      return { home: stage.home, notes: ["getTools, through Gemini's converter"] };
    },
  },
  {
    name: 'ai-sdk',
    packages: ['@ai-sdk/mcp@1.0.102'],
    quick: true,
    shows: WHOLE,
    async play(stage) {
      const { tools, reached } = await stage.script('ai-sdk.mjs');
      stage.listed(tools);
      return { home: stage.home, notes: ['tools'], reached };
    },
  },
  {
    name: 'mcporter',
    packages: ['mcporter@0.9.0'],
    quick: true,
    shows: { text: false, picture: false },
    async play({ server, home, order, write, run, listed }) {
      const config = write('mcporter.json', { mcpServers: { cashier: server } });
      const { tools } = JSON.parse(await run('mcporter', ['--config', config, 'list', 'cashier', '--json']));
      listed(tools.map(({ name }) => name));
      const args = ['call', 'cashier.create-payment', '--args', JSON.stringify(order)];
      const reached = JSON.parse(await run('mcporter', ['--config', config, ...args]));
      return { home, notes: ['list'], reached };
    },
  },
  {
    name: 'mcp-remote',
    packages: ['mcp-remote@0.15.1', '@modelcontextprotocol/sdk@1.32.2'],
    quick: true,
    shows: WHOLE,
    async play(stage) {
      const { tools, reached } = await stage.service((url) => stage.script('mcp-remote.mjs', { URL: url }));
      stage.listed(tools);
      return { home: stage.home, notes: ['tools/list over stdio to HTTP'], reached };
    },
  },
  {
    name: 'inspector',
    packages: ['@modelcontextprotocol/inspector@2.12.0'],
    shows: WHOLE,
    async play({ server, home, order, service, run, listed, write }) {
      const inspect = async (target, ...args) =>
        JSON.parse(await run('mcp-inspector', ['--cli', ...target, ...args, '--format', 'json'], NO_PROXY));
      const stdio = [server.command, ...server.args];
      const args = Object.entries(order).flatMap(([name, value]) => ['--tool-arg', `${name}=${value}`]);
      const names = ({ result, tools = result.tools }) => tools.map(({ name }) => name);
      listed(names(await inspect(stdio, '--method', 'tools/list')));
      // The gate in its place, and one of its tools for money.
      const prices = { 'list-payments': { yuan: '0.10', title: 'books' } };
      const file = write('prices.yaml', { version: 1, mcp: [{ name: 'behind', command: stdio, prices }] });
      const gate = [...stdio, 'gate', '--stdio', '--prices', file];
      listed(names(await inspect(gate, '--method', 'tools/list')));
      const reached = await service(async (url) => {
        const http = [url, '--transport', 'http'];
        listed(names(await inspect(http, '--method', 'tools/list')));
        return inspect(http, '--method', 'tools/call', '--tool-name', 'create-payment', ...args);
      });
      return { home, notes: ['tools/list over stdio, HTTP and the gate'], reached };
    },
  },
  {
    name: 'inspector-web',
    packages: ['@modelcontextprotocol/inspector@2.12.0'],
    shows: WHOLE,
    async play(stage) {
      return {
        home: stage.home,
        notes: ['web page through its backend'],
        reached: await throughBackend(stage),
      };
    },
  },
];
