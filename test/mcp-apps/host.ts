import { build } from 'esbuild';
import type { Browser, BrowserContext, BrowserContextOptions, Frame, Page } from 'playwright-core';

export type Json = Readonly<Record<string, unknown>>;

/** The host's half of the protocol as its authors wrote it, in a page that shows one view. */
const HOST = `
import { AppBridge, PostMessageTransport } from '@modelcontextprotocol/ext-apps/app-bridge';
globalThis.begin = async ({ capabilities, hostContext, deaf }) => {
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', 'allow-scripts');
  frame.style.cssText = 'display:block;border:0;width:100%;height:200px';
  document.body.append(frame);
  const bridge = new AppBridge(null, { name: 'host', version: '1' }, capabilities, { hostContext });
  const ready = new Promise((resolve) => { bridge.oninitialized = resolve; });
  bridge.onsizechange = ({ height }) => { frame.style.height = height + 'px'; };
  bridge.oncalltool = async (params) => {
    const answer = await toolCalled(params);
    if (answer.denied) throw new Error('denied by the person');
    return answer;
  };
  bridge.onopenlink = (params) => said('open-link', params);
  bridge.onmessage = (params) => said('message', params);
  bridge.onupdatemodelcontext = (params) => said('model-context', params);
  globalThis.bridge = bridge;
  if (!deaf) await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow));
  frame.src = 'http://view.test/';
  if (!deaf) await ready;
};
`;

/** What a host must allow a view that names no address, and no more. */
const RESTRICTIVE =
  "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' data:; connect-src 'none'";

let bundled: Promise<string> | undefined;
function hostScript(): Promise<string> {
  bundled ??= build({
    stdin: { contents: HOST, resolveDir: import.meta.dirname },
    bundle: true,
    format: 'iife',
    write: false,
    logLevel: 'silent',
  }).then(({ outputFiles: [file] }) => file?.text ?? '');
  return bundled;
}

export interface HostOptions {
  /** The view's page, as the server gives it. */
  readonly html: string;
  readonly capabilities?: Json;
  readonly hostContext?: Json;
  /** Answers what the view calls; `{ denied: true }` is the host's own refusal. */
  readonly call?: (name: string, args: Json) => Promise<Json>;
  /** It never answers. */
  readonly deaf?: boolean;
  readonly browser?: BrowserContextOptions;
}

export const ABLE: Json = {
  serverTools: {},
  openLinks: {},
  message: { text: {} },
  updateModelContext: { text: {} },
};

/** A conversation with one view in it. */
export class Host {
  readonly page: Page;
  readonly view: Frame;
  /** Errors of scripts and of the console, refusals by a content security policy among them. */
  readonly problems: readonly string[];
  /** Names of the tools that the view has called. */
  readonly called: string[] = [];
  /** What else it has asked the host for. */
  readonly said: { readonly kind: string; readonly params: Json }[] = [];
  /** How the host answers that. */
  answer: Json = {};
  readonly #context: BrowserContext;

  private constructor(context: BrowserContext, page: Page, view: Frame, problems: readonly string[]) {
    this.#context = context;
    this.page = page;
    this.view = view;
    this.problems = problems;
  }

  static async open(browser: Browser, options: HostOptions): Promise<Host> {
    const { html, capabilities = ABLE, hostContext = {}, deaf = false } = options;
    const context = await browser.newContext({ locale: 'zh-CN', ...options.browser });
    const page = await context.newPage();
    const script = await hostScript();
    const body = `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>host</title><body style="margin:0">`;
    await context.route('**', (route) => route.abort());
    await context.route('http://host.test/', (route) => route.fulfill({ contentType: 'text/html', body }));
    await context.route('http://view.test/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        headers: { 'content-security-policy': RESTRICTIVE },
        body: html,
      }),
    );
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('request', (request) => {
      if (!/^(http:\/\/(host|view)\.test\/|data:)/.test(request.url()))
        problems.push(`asked for ${request.url()}`);
    });
    let host: Host | undefined;
    await page.exposeFunction('toolCalled', async (params: { name: string; arguments?: Json }) => {
      host?.called.push(params.name);
      return (await options.call?.(params.name, params.arguments ?? {})) ?? { denied: true };
    });
    await page.exposeFunction('said', (kind: string, params: Json) => {
      host?.said.push({ kind, params });
      return host?.answer ?? {};
    });
    await page.goto('http://host.test/');
    await page.addScriptTag({ content: script });
    const beginning = page.evaluate(`begin(${JSON.stringify({ capabilities, hostContext, deaf })})`);
    const view = await frameOf(page);
    host = new Host(context, page, view, problems);
    await beginning;
    return host;
  }

  /** What the host tells the view, by the bridge's own method. */
  async tell(method: string, params: object): Promise<void> {
    await this.page.evaluate(`bridge.${method}(${JSON.stringify(params)})`);
  }

  /** A call as the model made it, and its answer. */
  async show(args: Json, result: Json): Promise<void> {
    await this.tell('sendToolInput', { arguments: args });
    await this.tell('sendToolResult', result);
  }

  text(): Promise<string> {
    return this.view.locator('main').innerText();
  }

  /** Waits until the view says it. */
  async headline(words: string): Promise<void> {
    await this.view.getByRole('heading', { level: 2, name: words }).waitFor();
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}

async function frameOf(page: Page): Promise<Frame> {
  for (;;) {
    const found = page.frames().find((frame) => frame.url() === 'http://view.test/');
    if (found) return found;
    await page.waitForEvent('framenavigated');
  }
}
