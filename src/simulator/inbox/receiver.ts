import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Answer, type Incoming, json, type Outgoing, parseOrNull } from '../http.ts';
import { markOf } from '../state/identity.ts';
import type { Arrived, Refusal, Shown } from '../state/inbox.ts';
import type { World } from '../world.ts';

/** Who takes messages for the merchant: a group robot, a phone, the merchant's own systems. */
export interface Receiver {
  /** As a channel is called. */
  readonly kind: string;
  readonly name: { readonly zh: string; readonly en: string };
  /** A character for its logo, and the CSS colour behind it. */
  readonly mark: string;
  readonly accent: string;
  /** Below the simulator's origin, as a route; a box is one robot, phone or endpoint. */
  readonly route: string;
  address(origin: string, box: string): string;
  /** The key that its messages are signed with, where they are; made from what only this simulator knows. */
  readonly secret?: (bytes: Buffer) => string;
  boxOf(incoming: Incoming): string | undefined;
  /** So many in so many ms; who goes beyond is silenced for that long (ms). */
  readonly limits: readonly {
    readonly count: number;
    readonly within: number;
    readonly silencedFor?: number;
  }[];
  /** What a phone shows of it, or why it is not taken. `secret` is that of the box. */
  read(incoming: Incoming, secret: string, now: number): Shown | Refusal;
  /** What the merchant's systems know it by. */
  idOf?(incoming: Incoming): string | undefined;
  answer(refused: Refusal | undefined, now: number): Answer;
}

/** What the name of a box brings about, for whoever wants to see what is done about it. */
export const BOXES: readonly { readonly name: string; readonly zh: string; readonly en: string }[] = [
  { name: 'removed', zh: '机器人已被移除', en: 'the robot or endpoint is gone' },
  { name: 'keyword', zh: '消息不含所要求的关键词', en: 'a keyword is asked for that is not there' },
  { name: 'limited', zh: '总是太快', en: 'always too fast' },
  { name: 'busy', zh: '平台繁忙', en: 'the platform is busy' },
  { name: 'flaky', zh: '每两次有一次繁忙', en: 'busy every other time' },
  { name: 'cut', zh: '收下了，但应答丢失', en: 'taken, but the answer is lost' },
];

/** The key of a box, where its messages are signed. */
export function secretOf(
  world: Pick<World, 'identity'>,
  { kind, secret }: Receiver,
  box: string,
): string | undefined {
  return secret?.(createHmac('sha256', markOf(world.identity).key).update(`inbox ${kind} ${box}`).digest());
}

/** A message comes in: it is kept, whatever becomes of it. */
export async function receive(world: World, receiver: Receiver, incoming: Incoming): Promise<Outgoing> {
  const box = receiver.boxOf(incoming);
  const now = world.clock.now();
  if (box === undefined) return receiver.answer('removed', now);
  const refused = await world.database.write(() => {
    const read = receiver.read(incoming, secretOf(world, receiver, box) ?? '', now);
    const [shown, wrong] = typeof read === 'string' ? [undefined, read] : [read, undefined];
    const why = tooFast(world, receiver, box, now) ?? wrong ?? byName(world, receiver, box);
    const id = receiver.idOf?.(incoming);
    const arrived: Arrived = {
      ...{ kind: receiver.kind, box, at: now },
      ...(why === undefined ? {} : { refused: why }),
      ...(shown === undefined ? {} : { shown }),
      ...(id === undefined ? {} : { id }),
    };
    world.inbox.add(arrived);
    return why;
  });
  return box === 'cut' && refused === undefined ? 'cut' : receiver.answer(refused, now);
}

function tooFast(world: World, { kind, limits }: Receiver, box: string, now: number): Refusal | undefined {
  const over = limits.some(({ count, within, silencedFor = 0 }) => {
    const last = world.inbox.lastLimited(kind, box);
    return (
      (last !== undefined && now < last + silencedFor) || world.inbox.since(kind, box, now - within) >= count
    );
  });
  return over ? 'limited' : undefined;
}

function byName(world: World, { kind }: Receiver, box: string): Refusal | undefined {
  if (box === 'removed' || box === 'keyword' || box === 'limited' || box === 'busy') return box;
  return box === 'flaky' && world.inbox.since(kind, box, 0) % 2 === 0 ? 'busy' : undefined;
}

/** Whether two signatures are the same, in a time that tells nothing. */
export function isSame(given: unknown, expected: string): boolean {
  const [a, b] = [Buffer.from(String(given)), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** A line across a message, in its text. */
export const RULE = '———';

type Members = Readonly<Record<string, unknown>>;

/** What a body says as JSON; undefined where it is no object. */
export function membersOf(value: unknown): Members | undefined {
  const read = Buffer.isBuffer(value) ? parseOrNull(value.toString('utf8')) : value;
  return typeof read === 'object' && read !== null && !Array.isArray(read) ? (read as Members) : undefined;
}

/** A text that is there; undefined where it is none. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function listOf(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.map((one) => membersOf(one) ?? {}) : [];
}

/** Whether a link is one that an app opens in a browser. */
export function isLink(value: unknown): value is string {
  return typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value);
}

/** What a request says as JSON; undefined where it does not say that it is, or is no object. */
export function jsonIn({ headers, body }: Incoming): Members | undefined {
  return /^application\/json\b/i.test(headers['content-type'] ?? '') ? membersOf(body) : undefined;
}

/** A message of text alone. */
export function plainText(value: unknown): Shown | Refusal {
  const text = textOf(value);
  return text === undefined ? 'malformed' : { tone: 'grey', title: '', text, buttons: [], ...seenIn(text) };
}

export const jsonOk = (value: unknown): Answer => json(200, value);

/** The name of a box in a path or query; undefined for what no box is called. */
export function boxNamed(name: string | null | undefined): string | undefined {
  return name && /^[\w-]{1,64}$/.test(name) ? name : undefined;
}

/** The address that was asked for, whole. */
export function addressOf({ target }: Incoming): URL {
  return new URL(target, 'http://inbox.invalid');
}

/** What an app makes of a text that nobody has marked up: addresses become links, and people are called. */
export function seenIn(...texts: readonly string[]): Pick<Shown, 'links' | 'mentions'> {
  const text = texts.join('\n');
  return {
    links: [...text.matchAll(LINKS)].map(([link]) => link),
    mentions: [...text.matchAll(/[@＠][\p{L}\p{N}_-]+|<at\b[^>]*>/gu)].map(([mention]) => mention),
  };
}

/** With a scheme, or a name that ends in what may be a top-level domain. */
const LINKS =
  /[a-z][a-z0-9+-]*:\/\/[^\s"'<>]+|(?:[\p{L}\p{N}][\p{L}\p{N}-]*[.．｡])+\p{L}{2,}(?![\p{L}\p{N}])/giu;
