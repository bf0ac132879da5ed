import type { IssuedCode } from '../state/codes.ts';
import type { Trade } from '../state/trades.ts';
import type { Steered } from '../steering.ts';
import { inSpace, type World } from '../world.ts';
import { openTrade } from './opening.ts';
import { business, FAULT_REFUSALS } from './refusal.ts';
import { authenticate, LINK_METHODS } from './request.ts';
import { readTerms, type TradeTerms } from './terms.ts';

/**
 * The payer opens a link or order string that a merchant signed: page.pay, wap.pay, app.pay. Nobody but the payer
 * ever sees what is wrong with it.
 */
export function openLink(
  world: World,
  parameters: ReadonlyMap<string, string>,
  late = false,
): Promise<Trade> {
  const call = authenticate(world, parameters, LINK_METHODS);
  const terms = readTerms(world, call);
  const own = inSpace(world, terms.space);
  return world.database.write(() => {
    const steered = steer(world, terms, 'create');
    const fault = steered.answer?.fault;
    if (fault === 'declined' || fault === 'system-error' || fault === 'rate-limited')
      throw FAULT_REFUSALS[fault]();
    return openTrade(own, terms, steered, late);
  });
}

/** The payer scans a precreated code: only now there is a trade. */
export function openCode(world: World, issued: IssuedCode, late = false): Promise<Trade> {
  const terms = JSON.parse(issued.terms ?? '{}') as TradeTerms;
  const own = inSpace(world, terms.space);
  return world.database.write(() => {
    const steered = steer(world, terms, 'open');
    const dead = world.clock.now() >= issued.diesAt && !own.trades.byNumber('alipay', terms.outTradeNo);
    if (dead && !late && !steered.has('pay-after-close')) {
      throw business('NOW_TIME_AFTER_EXPIRE_TIME_ERROR', '二维码已失效，请刷新后重试');
    }
    return openTrade(own, terms, steered, late);
  });
}

function steer(world: World, terms: TradeTerms, operation: 'create' | 'open'): Steered {
  const { outTradeNo, title } = terms;
  return world.steering.take({ provider: 'alipay', operation, outTradeNo, title });
}
