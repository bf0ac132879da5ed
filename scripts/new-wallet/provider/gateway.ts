import { GatewayDeclined, OutcomeUnknown } from '../contract.ts';
import type { ProviderPorts } from '../wallet.ts';
import { verdictOf } from './codes.ts';
import type { NewpayConfig } from './config.ts';
import { toDo } from './to-do.ts';

export type Operation = 'create' | 'query' | 'close' | 'refund' | 'refund-query' | 'bill';
export type Answer = Readonly<Record<string, unknown>>;
type Headers = Readonly<Record<string, string>>;

/** Signed calls to Newpay. */
export interface NewpayGateway {
  /** An answer that Newpay has provably given to this very call, and that is no refusal; throws the port's errors. */
  call(operation: Operation, body: string): Promise<Answer>;
}

export function newpayGateway(config: NewpayConfig, { http }: Pick<ProviderPorts, 'http'>): NewpayGateway {
  return {
    async call(operation, body) {
      const { gateway: url } = config;
      const sent = await http.send({ method: 'POST', url, headers: signed(config, body), body });
      if (sent.status !== 200) throw new OutcomeUnknown(`http-${sent.status}`);
      const isSigned = isNewpays(config, sent.headers, sent.body);
      const answer = read(sent.body);
      if (answer === undefined) throw new OutcomeUnknown('unreadable');
      const code = codeOf(answer);
      if (code !== undefined) throw refused(operation, code, isSigned);
      if (!isSigned) throw new OutcomeUnknown('bad-signature');
      return answer;
    },
  };
}

function signed(_config: NewpayConfig, _body: string): Headers {
  return toDo(
    'To do 14: sign a call; by a library of Node or a well-kept one, its clock and nonce through the ports',
  );
}

/** Whether Newpay has signed these very bytes; the algorithm is ours, never the message's. */
export function isNewpays(_config: NewpayConfig, _headers: Headers, _body: Buffer): boolean {
  return toDo(
    'To do 15: check the signature over the raw bytes, that it is fresh, and that it answers this very call',
  );
}

/** JSON, or nothing. */
export function read(body: Buffer): Answer | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** undefined: it is no refusal. */
function codeOf(_answer: Answer): string | undefined {
  return toDo('To do 16: by which word an answer refuses');
}

function refused(operation: Operation, code: string, isSigned: boolean): Error {
  const verdict = verdictOf(code);
  const moves = operation === 'create' || operation === 'refund';
  // Law 2: what was turned away for its rate may have been taken in.
  if (verdict === 'unknown' || (verdict === 'rate-limited' && moves)) return new OutcomeUnknown(verdict);
  return new GatewayDeclined(verdict, code, isSigned && verdict !== 'rate-limited');
}
