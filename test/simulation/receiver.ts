import type { Channel } from '../../src/events/channel.ts';
import { type Answer, NotSent, type SendRequest } from '../../src/events/kinds/kind.ts';
import { webhook } from '../../src/events/kinds/webhook.ts';
import type { Dice } from '../support/dice.ts';
import type { Happening } from './history.ts';
import type { Timeline } from './timeline.ts';

/** ms of the way to it and back. */
const NEAREST_MS = 5;
const FURTHEST_MS = 90;
/** How long (ms) it may keep somebody waiting. */
const SLOW_MS = 9_000;

const URL_OF_IT = new URL('https://books.example.com/hook');
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** The merchant's own system that wants to be told everything. */
export const BOOKS: Channel = {
  ...{ name: 'books', kind: webhook, url: URL_OF_IT, events: ['*'], language: 'en', allowPrivate: false },
  opened: opened(),
};

function opened(): Channel['opened'] {
  const found = webhook.open({ url: URL_OF_IT, secret: SECRET });
  if ('wrong' in found) throw new Error(found.text.en);
  return found;
}

/** What becomes of one try; of `lost-answer` and `slow` it has heard. */
export const FATES = ['taken', 'slow', 'lost-answer', 'lost-request', 'busy'] as const;

/** Where what is told arrives, or does not. */
export class Receiver {
  readonly #timeline: Timeline;
  readonly #dice: Dice;
  readonly #record: (happening: Happening) => void;
  #isCalm = false;

  constructor(timeline: Timeline, dice: Dice, record: (happening: Happening) => void) {
    this.#timeline = timeline;
    this.#dice = dice;
    this.#record = record;
  }

  /** Nothing goes wrong any more. */
  calm(): void {
    this.#isCalm = true;
  }

  /** One request of a process. Rejects as the port for channels does. */
  async tell(from: { readonly index: number }, { headers, body }: SendRequest): Promise<Answer> {
    const fate = this.#isCalm
      ? 'taken'
      : this.#dice.weighted<(typeof FATES)[number]>({
          ...{ taken: 5, slow: 1, 'lost-answer': 2, 'lost-request': 1, busy: 1 },
        });
    const { type, data } = JSON.parse(body);
    await this.#timeline.wait(this.#dice.between(NEAREST_MS, FURTHEST_MS));
    this.#record({
      ...{ kind: 'told', process: from.index, id: headers['webhook-id'] ?? '', type, fate, body },
      ...{ outTradeNo: data.outTradeNo, outRefundNo: data.outRefundNo, approval: data.approval?.id },
    });
    if (fate === 'busy') return { status: 503, headers: {}, body: '' };
    if (fate !== 'taken') await this.#timeline.wait(this.#dice.between(1_000, SLOW_MS));
    if (fate === 'lost-answer' || fate === 'lost-request') throw new NotSent('timeout');
    return { status: 200, headers: {}, body: '' };
  }
}
