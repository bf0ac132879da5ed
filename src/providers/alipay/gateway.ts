import { OutcomeUnknown } from '../contract.ts';
import type { GatewayHttp } from '../gateway-http.ts';
import { type Answer, readAnswer } from './answer.ts';
import { readWord } from './codes.ts';
import type { AlipayConfig } from './config.ts';
import type { Plan } from './plan.ts';
import type { RequestSigner } from './signer.ts';

/** One signed call to the gateway and its answer, verified but not yet judged. */
export interface AlipayGateway {
  /** Throws OutcomeUnknown for every answer that is not a readable, untampered HTTP 200. */
  call(plan: Plan): Promise<Answer>;
}

/**
 * Sends calls the way the official SDKs do: `biz_content` in the form body, everything else in the query string, so
 * that the gateway knows `charset` before it reads the body.
 */
export function alipayGateway(config: AlipayConfig, signer: RequestSigner, http: GatewayHttp): AlipayGateway {
  return {
    async call(plan) {
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
      return readAnswer(response.body, plan.method, config, requestId);
    },
  };
}
