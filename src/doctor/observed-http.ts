import type { Clock } from '../domain/clock.ts';
import type { Observation } from '../providers/examination.ts';
import type { GatewayHttp } from '../providers/gateway-http.ts';

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
        observed.headers = response.headers;
        if (response.status >= 400) observed.refusal = response.body.toString('utf8');
        return response;
      },
    },
  };
}
