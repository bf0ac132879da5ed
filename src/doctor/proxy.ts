import type { Env } from '../config.ts';
import { type OutgoingProxy, outgoingProxyOf } from '../platform/outgoing-proxy.ts';
import { type Finding, refusal } from '../providers/finding.ts';

/** What is wrong with the proxy that the environment names: the server would not start with it. */
export function examineProxy(env: Env): Finding[] {
  try {
    outgoingProxyOf(env);
    return [];
  } catch (thrown) {
    return [refusal(thrown, () => 'configuration.proxy-unusable')];
  }
}

/** The proxy through which gateways are asked; without one that can be used they are asked directly. */
export function usableProxy(env: Env): OutgoingProxy | undefined {
  return examineProxy(env).length > 0 ? undefined : outgoingProxyOf(env);
}
