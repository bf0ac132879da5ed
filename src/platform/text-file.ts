import { readFileSync } from 'node:fs';
import { configuration, type Text } from '../domain/errors.ts';

/** What a text is written in when it is not in UTF-8, in the words of a sentence. */
class WrongEncoding extends Error {
  override readonly name = 'WrongEncoding';
  readonly text: Text;

  constructor(text: Text) {
    super(text.en);
    this.text = text;
  }
}

const BOM = '\uFEFF';
/** Rather than a guess: a byte that is none in this encoding is an error. */
const strictly = (encoding: string) => new TextDecoder(encoding, { fatal: true, ignoreBOM: true });

/**
 * A text that a person wrote: UTF-8, or UTF-16 that says so by its mark, as Windows' Notepad and PowerShell write it.
 * The mark is dropped. Throws {@link WrongEncoding} for anything else: characters that are replaced silently change
 * names and keys.
 */
export function decodeText(bytes: Uint8Array): string {
  const text = withMark(bytes, [0xff, 0xfe], 'utf-16le') ?? withMark(bytes, [0xfe, 0xff], 'utf-16be');
  const decoded = text ?? attempt(bytes, 'utf-8');
  if (decoded === undefined) throw new WrongEncoding(guess(bytes));
  if (decoded.includes('\0')) throw new WrongEncoding(text === undefined ? guess(bytes) : BINARY);
  return decoded.startsWith(BOM) ? decoded.slice(1) : decoded;
}

/**
 * Reads a file as {@link decodeText} does. Throws CONFIGURATION naming `setting` and the encoding; the system's errors
 * go on as they are.
 * @param setting the variable or option that names the file
 */
export function readTextFile(path: string, setting: string): string {
  return textOf(readFileSync(path), path, setting);
}

/** As {@link readTextFile}, but keys may be binary (DER), which comes back as base64. Blanks around it are dropped. */
export function readSecretFile(path: string, setting: string): string {
  const bytes = readFileSync(path);
  return isDer(bytes) ? bytes.toString('base64') : textOf(bytes, path, setting).trim();
}

/** As {@link readTextFile}, of what was read already. */
export function textOf(bytes: Uint8Array, path: string, setting: string): string {
  try {
    return decodeText(bytes);
  } catch (error) {
    if (!(error instanceof WrongEncoding)) throw error;
    throw configuration(setting, {
      zh: `${setting}：文件 ${path} ${error.text.zh}。`,
      en: `${setting}: the file ${path} ${error.text.en}.`,
      next: { zh: '用 UTF-8 编码重新保存它。', en: 'Save it again as UTF-8.' },
    });
  }
}

function withMark(bytes: Uint8Array, mark: readonly number[], encoding: string): string | undefined {
  return mark.every((byte, i) => bytes[i] === byte) ? attempt(bytes, encoding) : undefined;
}

function attempt(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return strictly(encoding).decode(bytes);
  } catch {
    return undefined;
  }
}

const UTF16: Text = {
  zh: '像是没有标记（BOM）的 UTF-16 编码，不是 UTF-8',
  en: 'looks like UTF-16 without its mark (BOM), not UTF-8',
};
const BINARY: Text = { zh: '不是文本文件', en: 'is not a text file' };

function guess(bytes: Uint8Array): Text {
  if (bytes.includes(0)) return bytes.length % 2 === 0 ? UTF16 : BINARY;
  return attempt(bytes, 'gb18030') === undefined
    ? { zh: '不是 UTF-8 编码', en: 'is not in UTF-8' }
    : { zh: '像是 GBK 编码，不是 UTF-8', en: 'looks like GBK, not UTF-8' };
}

/** Whether this is one ASN.1 sequence from beginning to end, the binary form of keys and certificates. */
function isDer(bytes: Uint8Array): boolean {
  const [tag, first = 0, high = 0, low = 0] = bytes;
  if (tag !== 0x30) return false;
  if (first === 0x81) return bytes.length === high + 3;
  return first === 0x82 && bytes.length === high * 256 + low + 4;
}
