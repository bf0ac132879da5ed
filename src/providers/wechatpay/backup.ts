import { GatewayUnavailable, type MayStill, OutcomeUnknown } from '../contract.ts';
import type { GatewayHttp, GatewayRequest } from '../gateway-http.ts';
import type { SentResponse } from '../v3/exchange.ts';

export const PRIMARY = 'https://api.mch.weixin.qq.com';
/**
 * The one that every page of the API names beside the primary, in another city; whoever opens a firewall by those pages
 * has let both through. (WeChat Pay's Java SDK takes a host of another domain, which those pages do not name.)
 *
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012075113
 */
const BACKUP = 'https://api2.mch.weixin.qq.com';

/** Where this gateway may be asked: itself, and behind it the backup, which stands in for nobody else. */
export function hostsOf(origin: string): readonly string[] {
  return origin === PRIMARY ? [PRIMARY, BACKUP] : [origin];
}

/**
 * Sends a request, and where the connection could not be made or broke, the identical bytes once more to the backup: the
 * host is not signed, and the numbers in them make it the same order or refund. No answer in time is no such failure
 * (asking about the number settles that), nor is any answer, whatever its status.
 *
 * Throws GatewayUnavailable only when provably neither was sent.
 * @param mayStill asked before the second: a broken connection may take its time to show
 */
export async function sendWithBackup(
  http: GatewayHttp,
  origin: string,
  { path, ...request }: Omit<GatewayRequest, 'url'> & { readonly path: string },
  mayStill: MayStill = async () => true,
): Promise<SentResponse> {
  const [first = origin, backup] = hostsOf(origin);
  let failure: unknown;
  try {
    return { ...(await http.send({ ...request, url: `${first}${path}` })), mayBeSecond: false };
  } catch (error) {
    if (backup === undefined || !isConnectionFailure(error)) throw error;
    if (!(await mayStill())) throw error;
    failure = error;
  }
  const mayHaveArrived = failure instanceof OutcomeUnknown;
  try {
    return { ...(await http.send({ ...request, url: `${backup}${path}` })), mayBeSecond: mayHaveArrived };
  } catch (error) {
    throw mayHaveArrived && error instanceof GatewayUnavailable ? failure : error;
  }
}

/** What the network port says when there was an answer, or time ran out. */
const NO_CONNECTION_FAILURE: ReadonlySet<string> = new Set(['timeout', 'answer-too-large']);

function isConnectionFailure(error: unknown): boolean {
  if (error instanceof GatewayUnavailable) return true;
  return error instanceof OutcomeUnknown && !NO_CONNECTION_FAILURE.has(error.detail);
}
