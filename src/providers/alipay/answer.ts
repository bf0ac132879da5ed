import { OutcomeUnknown } from '../contract.ts';
import { jsonMembers, readJsonString } from './json-members.ts';
import { signatureHolds, type Trust } from './signature.ts';

/** What Alipay answered to one call. */
export interface Answer {
  /** Whether Alipay's signature covers exactly these fields. Without it they are hearsay. */
  readonly proven: boolean;
  /** The text fields of the response node. A field of another type counts as absent: no number is ever read. */
  readonly fields: ReadonlyMap<string, string>;
  /** The fields that are true or false. */
  readonly flags: ReadonlyMap<string, boolean>;
  /** The fields that are lists of objects, with the text fields of each. */
  readonly lists: ReadonlyMap<string, readonly ReadonlyMap<string, string>[]>;
  readonly requestId: string | undefined;
}

/**
 * Verifies and reads an answer: `{"alipay_trade_query_response":{…},"sign":"…"}`. The signature is checked over the
 * exact text of the response node, and exactly this text is then parsed. An answer without signature is read as
 * unproven; one with a wrong signature, two nodes, repeated keys or anything around the object is not read at all.
 *
 * @see https://opendocs.alipay.com/common/02mse7
 */
export function readAnswer(body: Buffer, method: string, trust: Trust, requestId?: string): Answer {
  const { node, sign } = split(body, method, requestId);
  // The JSON text of the signature has quotes around it and perhaps `\/` in it.
  if (sign !== undefined && !signatureHolds(node, readJsonString(sign) ?? '', trust)) {
    throw new OutcomeUnknown('bad-signature', requestId);
  }
  return { proven: sign !== undefined, ...fieldsIn(node, requestId), requestId };
}

/** The fields of an answer, whoever may have signed it: for what proves itself. */
export function readUnproven(body: Buffer, method: string): ReadonlyMap<string, string> {
  return fieldsIn(split(body, method, undefined).node, undefined).fields;
}

/** The number of the certificate that an answer says it is signed with. It is hearsay: no signature covers it. */
export function certSnOf(body: Buffer): string | undefined {
  return membersOf(body)
    ?.get('alipay_cert_sn')
    ?.match(/(?<=^")[0-9a-f]{32}(?=")/i)?.[0];
}

function split(
  body: Buffer,
  method: string,
  requestId: string | undefined,
): { readonly node: string; readonly sign: string | undefined } {
  const members = membersOf(body);
  if (members === undefined) throw new OutcomeUnknown('unreadable', requestId);

  const [answered, ...others] = [...members].filter(([key]) => key.endsWith('_response'));
  const expected = [`${method.replaceAll('.', '_')}_response`, 'error_response'];
  if (answered === undefined || others.length > 0 || !expected.includes(answered[0])) {
    throw new OutcomeUnknown('unreadable', requestId);
  }
  return { node: answered[1], sign: members.get('sign') };
}

function fieldsIn(node: string, requestId: string | undefined): Pick<Answer, 'fields' | 'flags' | 'lists'> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(node);
  } catch {
    // reported below, with what is JSON and no object
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new OutcomeUnknown('unreadable', requestId);
  }
  const entries = Object.entries(parsed);
  const isFlag = (entry: [string, unknown]): entry is [string, boolean] => typeof entry[1] === 'boolean';
  return {
    fields: textsOf(parsed),
    flags: new Map(entries.filter(isFlag)),
    lists: new Map(
      entries.flatMap(([name, value]) => (Array.isArray(value) ? [[name, objectsIn(value)]] : [])),
    ),
  };
}

function textsOf(object: object): ReadonlyMap<string, string> {
  const isText = (entry: [string, unknown]): entry is [string, string] =>
    typeof entry[1] === 'string' && entry[1] !== '';
  return new Map(Object.entries(object).filter(isText));
}

function objectsIn(list: readonly unknown[]): ReadonlyMap<string, string>[] {
  return list.flatMap((item) =>
    typeof item === 'object' && item !== null && !Array.isArray(item) ? [textsOf(item)] : [],
  );
}

function membersOf(body: Buffer): ReadonlyMap<string, string> | undefined {
  const text = decodeUtf8(body);
  return text === undefined ? undefined : jsonMembers(text);
}

/** Strict, so that encoding the text again gives the very bytes that arrived; undefined for GBK and garbage. */
function decodeUtf8(body: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
}
