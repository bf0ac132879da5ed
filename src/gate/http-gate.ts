import {
  type Answering,
  type Asked,
  framingOf,
  relay,
  type Upstream,
  upstreamAt,
} from '../platform/relay.ts';
import type { SourceOf } from '../platform/source.ts';
import { type ForwardedOptions, forwardedHeaders, isOfSales } from './forwarded.ts';
import {
  ambiguous,
  INTERNAL,
  type Language,
  NO_METHOD,
  NO_UPGRADE,
  NO_UPSTREAM,
  NOT_FOR_SALE,
  OVERRIDDEN,
  type Said,
  say,
  UNKNOWN_FRAMING,
  UPSTREAM_GONE,
} from './http-answers.ts';
import type { HttpSale } from './http-sale.ts';
import { matchOf } from './matching.ts';
import { type Target, targetOf } from './path.ts';
import type { HttpUpstream } from './prices.ts';
import type { Wanted } from './wanted.ts';

/** What of the gate's own stands beside the upstreams' paths. */
export type Own = (path: string) => ((request: Asked, response: Answering) => unknown) | undefined;

export interface HttpGateOptions extends ForwardedOptions {
  readonly upstreams: readonly HttpUpstream[];
  readonly sale: HttpSale;
  readonly own: Own;
  readonly source: SourceOf;
  readonly language: Language;
  readonly failed: (error: unknown) => void;
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Stands before somebody's HTTP APIs: passes on what is free, sells what has a price. */
export class HttpGate {
  readonly #options: HttpGateOptions;
  readonly #upstreams: readonly HttpUpstream[];
  readonly #servers: ReadonlyMap<HttpUpstream, Upstream>;
  readonly #forwarded: ReturnType<typeof forwardedHeaders>;

  constructor(options: HttpGateOptions) {
    this.#options = options;
    this.#upstreams = [...options.upstreams].sort((a, b) => b.under.length - a.under.length);
    this.#servers = new Map(this.#upstreams.map((one) => [one, upstreamAt(one.origin)]));
    this.#forwarded = forwardedHeaders(options);
  }

  close(): void {
    for (const server of this.#servers.values()) server.close();
  }

  /** @param expects that the client waits for `100 Continue` */
  answer(request: Asked, response: Answering, expects: boolean): void {
    const { own, language } = this.#options;
    // Nobody is there any more who could be told; what was begun at an upstream is ended by whoever began it.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const target = readable(request);
    if ('status' in target) return void this.#refuse(response, target, expects);
    const ours = own(target.path);
    if (ours) return void ours(request, response);
    const match = matchOf(this.#upstreams, request, target);
    const server = 'upstream' in match ? this.#servers.get(match.upstream) : undefined;
    if (!server || !('upstream' in match)) return void this.#refuse(response, NO_UPSTREAM, expects);
    if (match.is === 'refused') return void this.#refuse(response, NOT_FOR_SALE, expects);
    if (match.is === 'overridden') return void this.#refuse(response, OVERRIDDEN, expects);
    if (match.is === 'priced')
      return void this.#sell(request, response, { ...match, server, target }, expects);
    relay(server, request, response, {
      path: target.path + target.query,
      headers: this.#forwarded(request, server.host),
      withheld: isOfSales,
      expects,
      unanswered: () => say(response, language, UPSTREAM_GONE),
    });
  }

  #sell(
    request: Asked,
    response: Answering,
    { asked, ...wanted }: Omit<Wanted, 'source'> & { readonly asked: boolean },
    expects: boolean,
  ): void {
    const { sale, source, language, failed } = this.#options;
    if (asked) return void sale.tell(response, wanted);
    const from = source(request.socket.remoteAddress, (name) => {
      const value = request.headers[name];
      return typeof value === 'string' ? value : undefined;
    });
    sale.answer(request, response, { ...wanted, source: from }, expects).catch((error) => {
      failed(error);
      say(response, language, INTERNAL);
    });
  }

  #refuse(response: Answering, said: Said, expects: boolean): void {
    // What its client has not sent by now could be taken for its next request.
    if (expects || said === NO_UPGRADE) response.shouldKeepAlive = false;
    say(response, this.#options.language, said);
  }
}

/** What a request is for, or why nobody can tell. */
function readable(request: Asked): Target | Said {
  const target = targetOf(request.url ?? '');
  if ('ambiguous' in target) return ambiguous(target.ambiguous);
  const { upgrade } = request.headers;
  if (upgrade !== undefined && /websocket/i.test(upgrade)) return NO_UPGRADE;
  if (!METHODS.has(request.method ?? '')) return NO_METHOD;
  return framingOf(request) === 'unknown' ? UNKNOWN_FRAMING : target;
}
