import { connect as connectTcp, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { type CashierError, configuration } from '../domain/errors.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A proxy that stands between this machine and the world, as `HTTPS_PROXY` names it. */
export interface OutgoingProxy {
  /**
   * Makes a connection to this address; undefined: it is reached directly. It fails with a code that begins with
   * `PROXY_` as long as no byte of the request itself can have left.
   */
  connectorFor(url: string): Connector | undefined;
}

interface ProxyAddress {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** The value of `Proxy-Authorization`: never logged, never in an error. */
  readonly authorization: string | undefined;
}

/** ms in which a connection has to be made, and without a sign of life until a proxy counts as dead. */
const SILENT_MS = 5_000;
/** Bytes of an answer to CONNECT that are read at most. */
const MAX_HEAD = 16_384;
const LOOPBACK =
  /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])$/;

/**
 * Reads `HTTPS_PROXY` and `NO_PROXY` (or their small forms); undefined without a proxy. Throws CONFIGURATION for one
 * that cannot be used. What it names is never quoted, since it may hold a password.
 */
export function outgoingProxyOf(env: Env): OutgoingProxy | undefined {
  const given = env.HTTPS_PROXY ?? env.https_proxy;
  if (given === undefined || given.trim() === '') return undefined;
  const address = readAddress(given.trim());
  const direct = readNoProxy(env.NO_PROXY ?? env.no_proxy ?? '');
  const connector = tunnel(address);
  return {
    connectorFor(url) {
      const { protocol, hostname, port } = new URL(url);
      const isDirect = protocol !== 'https:' || LOOPBACK.test(hostname) || direct(hostname, port || '443');
      return isDirect ? undefined : connector;
    },
  };
}

function readAddress(text: string): ProxyAddress {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === '') throw unusable();
  const secure = url.protocol === 'https:';
  const user = decoded(url.username);
  const password = decoded(url.password);
  return {
    secure,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (secure ? 443 : 80)),
    authorization:
      user === '' && password === ''
        ? undefined
        : `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`,
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw unusable();
  }
}

/** Names, with all names under them, perhaps with a port; `*` for every one. */
function readNoProxy(list: string): (hostname: string, port: string) => boolean {
  const entries = list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [, name = '', port] = /^(.*?)(?::(\d{1,5}))?$/.exec(entry.toLowerCase()) ?? [];
      const isAddress = isIP(entry.replace(/^\[|\]$/g, '')) === 6;
      const host = isAddress
        ? `[${entry.toLowerCase().replace(/^\[|\]$/g, '')}]`
        : name.replace(/^\*?\./, '');
      return { host, port: isAddress ? undefined : port };
    });
  return (hostname, port) =>
    entries.some(
      (entry) =>
        (entry.port === undefined || entry.port === port) &&
        (entry.host === '*' || hostname === entry.host || hostname.endsWith(`.${entry.host}`)),
    );
}

interface Destination {
  readonly host?: string | null | undefined;
  readonly port?: string | number | null | undefined;
  readonly servername?: string | undefined;
}
/** As Node's `https.Agent` asks for a connection. */
type Connector = (to: Destination, connected?: (error: Error | null, socket: Duplex) => void) => undefined;

/** CONNECT, then TLS with the gateway itself: the proxy sees whom we talk to, and nothing that is said. */
function tunnel({ secure, host, port, authorization }: ProxyAddress): Connector {
  return (to, connected) => {
    const name = to.host ?? '';
    const authority = `${name.includes(':') ? `[${name}]` : name}:${to.port || 443}`;
    const raw = secure
      ? connectTls({ host, port, timeout: SILENT_MS, ...(isIP(host) ? {} : { servername: host }) })
      : connectTcp({ host, port, timeout: SILENT_MS });
    const fail = (code: string) => {
      raw.destroy();
      connected?.(
        Object.assign(new Error('no connection through the proxy'), { code: `PROXY_${code}` }),
        raw,
      );
    };
    const onTimeout = () => settle(() => fail('TIMEOUT'));
    const onError = (error: Error) => settle(() => fail(codeOf(error)));
    const onClose = () => settle(() => fail('CLOSED'));
    let settled = false;
    const settle = (what: () => void) => {
      if (settled) return;
      settled = true;
      what();
    };
    let head = Buffer.alloc(0);
    const onData = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0 && head.length <= MAX_HEAD) return;
      raw.off('data', onData);
      const status = /^HTTP\/1\.[01] (\d{3})\b/.exec(head.toString('latin1', 0, 16))?.[1];
      if (end < 0 || status === undefined) return settle(() => fail('UNREADABLE'));
      if (!status.startsWith('2')) return settle(() => fail(status));
      // A gateway says nothing before we do: what follows the head is not its.
      if (head.length > end + 4) return settle(() => fail('UNREADABLE'));
      raw.pause();
      const inner = connectTls({ socket: raw, servername: to.servername || (isIP(name) ? '' : name) });
      inner.once('error', onError);
      inner.once('secureConnect', () =>
        settle(() => {
          inner.off('error', onError);
          for (const [event, listener] of Object.entries(listeners)) raw.off(event, listener);
          connected?.(null, inner);
        }),
      );
    };
    const listeners = { timeout: onTimeout, error: onError, close: onClose };
    for (const [event, listener] of Object.entries(listeners)) raw.on(event, listener);
    raw.once(secure ? 'secureConnect' : 'connect', () => {
      const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
      if (authorization !== undefined) lines.push(`Proxy-Authorization: ${authorization}`);
      raw.on('data', onData);
      raw.write(`${lines.join('\r\n')}\r\n\r\n`);
    });
  };
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' && /^\w{1,64}$/.test(error.code)
    ? error.code
    : 'FAILED';
}

function unusable(): CashierError {
  return configuration('HTTPS_PROXY', {
    zh: 'HTTPS_PROXY 不是可用的代理地址：请填 http://主机:端口（用户名和密码可写在主机前，特殊字符要百分号编码），不支持 socks。',
    en: 'HTTPS_PROXY is no proxy that can be used: give http://host:port (a user name and password may stand before the host, percent-encoded); socks is not supported.',
    next: {
      zh: '改正 HTTPS_PROXY，或去掉它直接连接。',
      en: 'Correct HTTPS_PROXY, or remove it to connect directly.',
    },
  });
}
