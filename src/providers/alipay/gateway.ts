import type { Clock } from '../../domain/clock.ts';
import type { Log } from '../../domain/ports.ts';
import { OutcomeUnknown } from '../contract.ts';
import type { GatewayHttp } from '../gateway-http.ts';
import type { Answer } from './answer.ts';
import { readWord } from './codes.ts';
import type { AlipayConfig } from './config.ts';
import type { Plan } from './plan.ts';
import type { Trust } from './signature.ts';
import type { RequestSigner } from './signer.ts';
import { verification } from './verification.ts';

/** One signed call to the gateway and its answer, verified but not yet judged. */
export interface AlipayGateway {
  /** Throws OutcomeUnknown for every answer that is not a readable, untampered HTTP 200. */
  call(plan: Plan): Promise<Answer>;
  /** Whose signatures count now. */
  trusted(): readonly Trust[];
}

/**
 * Sends calls the way the official SDKs do: `biz_content` in the form body, everything else in the query string, so
 * that the gateway knows `charset` before it reads the body.
 */
export function alipayGateway(
  config: AlipayConfig,
  signer: RequestSigner,
  { clock, http, log }: { readonly clock: Clock; readonly http: GatewayHttp; readonly log?: Log | undefined },
): AlipayGateway {
  const send = async (plan: Plan) => {
    const parameters = (await signer.sign(plan)).split('&');
    const inBody = (parameter: string) => parameter.startsWith('biz_content=');
    const response = await http.send({
      method: 'POST',
      url: `${config.gateway}?${parameters.filter((parameter) => !inBody(parameter)).join('&')}`,
      headers: {
        'content-type': 'application/x-www-form-urlencoded;charset=utf-8',
        accept: 'application/json',
      },
      body: parameters.filter(inBody).join('&'),
    });
    const requestId = readWord(response.headers.trace_id);
    // The v2 gateway answers everything with 200; another status comes from something in between.
    if (response.status !== 200) throw new OutcomeUnknown(`http-${response.status}`, requestId);
    return { body: response.body, requestId };
  };
  const verified = verification(config, async (plan) => (await send(plan)).body, { clock, log });
  return {
    async call(plan) {
      const { body, requestId } = await send(plan);
      return verified.read(body, plan.method, requestId);
    },
    trusted: verified.trusted,
  };
}
