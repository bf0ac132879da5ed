import { type Env, OURS, SECRETS } from '../../config.ts';

/** How a client starts the server. */
export interface ServerBlock {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface BlockOptions {
  /** What `npx` runs; a path that ends in `.js` is run by `node` instead. */
  readonly package: string;
  readonly live: boolean;
  readonly language: 'zh' | 'en' | undefined;
  readonly platform: NodeJS.Platform;
}

/** Where the keys of a wallet usually lie; to be replaced by whoever uses the block. */
const FILES: Readonly<Record<string, string>> = {
  AP_APP_KEY: '/path/to/app-private-key.pem',
  AP_PUB_KEY: '/path/to/alipay-public-key.pem',
  AP_INVOKE_AUTH_TOKEN: '/path/to/app-auth-token',
  WXPAY_MCH_KEY: '/path/to/apiclient_key.pem',
  WXPAY_API_V3_KEY: '/path/to/api-v3-key',
  WXPAY_PUB_KEY: '/path/to/pub_key.pem',
};
const ALIPAY: Readonly<Record<string, string>> = {
  AP_APP_ID: '2021000000000000',
  AP_APP_KEY_FILE: '/path/to/app-private-key.pem',
  AP_PUB_KEY_FILE: '/path/to/alipay-public-key.pem',
};
const WECHATPAY: Readonly<Record<string, string>> = {
  WXPAY_APP_ID: 'wx0000000000000000',
  WXPAY_MCH_ID: '1900000000',
  WXPAY_MCH_KEY_FILE: '/path/to/apiclient_key.pem',
  WXPAY_MCH_SERIAL: '0123456789ABCDEF0123456789ABCDEF01234567',
  WXPAY_API_V3_KEY_FILE: '/path/to/api-v3-key',
  WXPAY_PUB_KEY_FILE: '/path/to/pub_key.pem',
  WXPAY_PUB_KEY_ID: 'PUB_KEY_ID_0000000000000000000000000000',
  WXPAY_NOTIFY_URL: 'https://shop.example.com/notify/wechatpay',
};

/**
 * The block without its client's trimmings. No secret ever stands in it: a key that the environment gives by value
 * becomes the path of a file to make.
 * @returns with the variables whose values are only examples
 */
export function serverBlock(
  options: BlockOptions,
  environment: Env,
): { readonly block: ServerBlock; readonly toReplace: readonly string[] } {
  const env: Record<string, string> = {};
  const toReplace: string[] = [];
  if (options.live) {
    // Stated, so that a lost key can never turn into the simulator.
    env.CASHIER_MODE = 'live';
    const given = liveSettings(environment);
    const chosen = Object.keys(given.env).some((name) => /^(AP|WXPAY)_/.test(name))
      ? given
      : { env: { ...ALIPAY, ...WECHATPAY }, toReplace: Object.keys({ ...ALIPAY, ...WECHATPAY }) };
    Object.assign(env, given.env, chosen.env);
    toReplace.push(...chosen.toReplace);
  }
  if (options.language !== undefined) env.CASHIER_LANG = options.language;
  return {
    block: { ...command(options), ...(Object.keys(env).length === 0 ? {} : { env }) },
    toReplace,
  };
}

/** What this environment says that a live server needs, without its secrets. */
function liveSettings(environment: Env): { env: Record<string, string>; toReplace: string[] } {
  const env: Record<string, string> = {};
  const toReplace: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    const plain = name.replace(/_FILE$/, '');
    // The server never holds the operator's secret, in no form.
    if (!value || !OURS.test(name) || plain === 'CASHIER_OPERATOR_SECRET' || name === 'CASHIER_MODE')
      continue;
    if (!SECRETS.includes(name)) env[name] = value;
    else if (!environment[`${name}_FILE`]) {
      env[`${name}_FILE`] = FILES[name] ?? '/path/to/file';
      toReplace.push(`${name}_FILE`);
    }
  }
  return { env, toReplace };
}

function command({ package: spec, platform }: BlockOptions): Pick<ServerBlock, 'command' | 'args'> {
  if (/\.m?js$/.test(spec)) return { command: 'node', args: [spec] };
  // On Windows npx is a script, which programs cannot start directly.
  if (platform === 'win32') return { command: 'cmd', args: ['/c', 'npx', '-y', spec] };
  return { command: 'npx', args: ['-y', spec] };
}
