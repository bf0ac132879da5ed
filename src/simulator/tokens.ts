import { isFor, OPERATIONS, type Operation, type Scenario, scenarioNamed } from './scenarios.ts';
import type { Provider } from './state/trades.ts';

/** A `sim:` token: a scenario with the operations and number of calls it steers. */
export interface Token {
  readonly scenario: Scenario;
  readonly operations: readonly Operation[];
  readonly times: number | undefined;
  /** The token as written. */
  readonly text: string;
}

const TOKEN = /sim:([a-z0-9]+(?:-[a-z0-9]+)*)(?:@([a-z]+(?:-[a-z]+)*))?(?:\*(\d{1,3}))?/g;

/** The tokens in a title or reason. Names that are not in the table steer nothing. */
export function tokensIn(
  text: string | undefined,
  place: 'onTitle' | 'onReason',
  provider: Provider,
): Token[] {
  const tokens: Token[] = [];
  for (const [written, name = '', operation, times] of (text ?? '').matchAll(TOKEN)) {
    const scenario = scenarioNamed(name);
    if (!scenario || !isFor(scenario, provider)) continue;
    tokens.push({
      scenario,
      operations: operation ? OPERATIONS.filter((known) => known === operation) : scenario[place],
      times: times ? Number(times) : scenario.times,
      text: written,
    });
  }
  return tokens;
}
