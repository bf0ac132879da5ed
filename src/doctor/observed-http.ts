import type { Clock } from '../domain/clock.ts';
import type { GatewayHttp } from '../providers/gateway-http.ts';

/** What a gateway's answers show besides what they say. */
export interface Observation {
  /** ms; this machine's clock minus the gateway's. undefined: no answer said what time it was. */
  skewMs?: number;
  /** `Wechatpay-Serial` of the last answer. */
  serial?: string;
  /** Whether the last answer carried a signature header. */
  signed?: boolean;
  /** The last refusal as text: looked at for known words, never shown. */
  refusal?: string;
}

/** Passes everything on and writes down what can be seen in passing. */
export function observedHttp(
  http: GatewayHttp,
  clock: Clock,
): { readonly http: GatewayHttp; readonly observed: Observation } {
  const observed: Observation = {};
  return {
    observed,
    http: {
      async send(request) {
        const sentAt = clock.now();
        const response = await http.send(request);
        const said = Date.parse(response.headers.date ?? '');
        // The header is cut to the second, and was written somewhere between sending and receiving.
        if (!Number.isNaN(said)) observed.skewMs = (sentAt + clock.now()) / 2 - (said + 500);
        const { 'wechatpay-serial': serial } = response.headers;
        if (serial !== undefined) observed.serial = serial;
        observed.signed = response.headers['wechatpay-signature'] !== undefined;
        if (response.status >= 400) observed.refusal = response.body.toString('utf8');
        return response;
      },
    },
  };
}
