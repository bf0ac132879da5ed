import { inflateRawSync } from 'node:zlib';
import { crc32 } from '../domain/crc32.ts';

/** One file of an archive, unpacked. */
export interface ZipEntry {
  /** Raw: archives of Chinese systems name their files in GBK without saying so. */
  readonly name: Buffer;
  readonly data: Buffer;
  /** Whether the archive says that it speaks UTF-8. */
  readonly utf8: boolean;
}

/** An archive that cannot be trusted to be whole. The message is a word of ours. */
export class ZipError extends Error {
  override readonly name = 'ZipError';
}

/** Files in an archive; a bill has two or three. */
const MAX_ENTRIES = 32;

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const END_SIZE = 22;
const ENTRY_SIZE = 46;
const LOCAL_SIZE = 30;
const ENCRYPTED = 0x1;
const UTF8 = 0x800;
const STORED = 0;
const DEFLATED = 8;

interface Place {
  readonly name: Buffer;
  readonly utf8: boolean;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly unpacked: number;
  readonly offset: number;
}

/**
 * Reads a small archive in memory, and writes nothing anywhere, so a path inside it means nothing. Strict: what two
 * readers could take for different archives (bytes around it, overlapping files, two names for one file) is refused, and
 * so is what would unpack to more than `maxBytes` altogether, before any of it is unpacked.
 *
 * @throws ZipError
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export function readZip(bytes: Buffer, maxBytes: number): ZipEntry[] {
  const { count, size, offset } = findDirectory(bytes);
  const places: Place[] = [];
  let at = offset;
  for (let i = 0; i < count; i += 1) {
    const place = readPlace(bytes, at, offset + size);
    places.push(place.place);
    at = place.next;
  }
  if (at !== offset + size) throw new ZipError('directory');
  const total = places.reduce((sum, { unpacked }) => sum + unpacked, 0);
  if (total > maxBytes) throw new ZipError('too-large');

  // Files that share bytes are how a small archive becomes a big one; each must lie behind the one before.
  let free = 0;
  const contents = new Map<Place, Buffer>();
  for (const place of [...places].sort((a, b) => a.offset - b.offset)) {
    if (place.offset < free) throw new ZipError('overlap');
    const packed = readPacked(bytes, place, offset);
    free = packed.end;
    contents.set(place, unpack(packed.data, place));
  }
  return places.map((place) => {
    const { name, utf8 } = place;
    return { name, utf8, data: contents.get(place) ?? Buffer.alloc(0) };
  });
}

/** The end record, which must be the very end; the directory, which must stand right before it. */
function findDirectory(bytes: Buffer): { count: number; size: number; offset: number } {
  for (let at = bytes.length - END_SIZE; at >= 0 && at >= bytes.length - END_SIZE - 0xffff; at -= 1) {
    if (bytes.readUInt32LE(at) !== END_OF_DIRECTORY) continue;
    if (at + END_SIZE + bytes.readUInt16LE(at + 20) !== bytes.length) continue;
    const [disk, directoryDisk] = [bytes.readUInt16LE(at + 4), bytes.readUInt16LE(at + 6)];
    const [here, count] = [bytes.readUInt16LE(at + 8), bytes.readUInt16LE(at + 10)];
    const [size, offset] = [bytes.readUInt32LE(at + 12), bytes.readUInt32LE(at + 16)];
    const oneDisk = disk === 0 && directoryDisk === 0 && here === count;
    if (!oneDisk || count > MAX_ENTRIES || offset + size !== at) throw new ZipError('directory');
    return { count, size, offset };
  }
  throw new ZipError('not-a-zip');
}

function readPlace(bytes: Buffer, at: number, end: number): { place: Place; next: number } {
  if (at + ENTRY_SIZE > end || bytes.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new ZipError('directory');
  const flags = bytes.readUInt16LE(at + 8);
  if ((flags & ENCRYPTED) !== 0) throw new ZipError('encrypted');
  const nameEnd = at + ENTRY_SIZE + bytes.readUInt16LE(at + 28);
  const next = nameEnd + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  if (next > end) throw new ZipError('directory');
  const place: Place = {
    name: bytes.subarray(at + ENTRY_SIZE, nameEnd),
    utf8: (flags & UTF8) !== 0,
    method: bytes.readUInt16LE(at + 10),
    crc: bytes.readUInt32LE(at + 16),
    packed: bytes.readUInt32LE(at + 20),
    unpacked: bytes.readUInt32LE(at + 24),
    offset: bytes.readUInt32LE(at + 42),
  };
  return { place, next };
}

function readPacked(bytes: Buffer, place: Place, end: number): { data: Buffer; end: number } {
  const { offset, packed, name } = place;
  if (offset + LOCAL_SIZE > end || bytes.readUInt32LE(offset) !== LOCAL_HEADER) throw new ZipError('header');
  const nameStart = offset + LOCAL_SIZE;
  const nameEnd = nameStart + bytes.readUInt16LE(offset + 26);
  const start = nameEnd + bytes.readUInt16LE(offset + 28);
  if (start + packed > end) throw new ZipError('truncated');
  if (!bytes.subarray(nameStart, nameEnd).equals(name)) throw new ZipError('header');
  return { data: bytes.subarray(start, start + packed), end: start + packed };
}

function unpack(packed: Buffer, { method, unpacked, crc }: Place): Buffer {
  if (method !== STORED && method !== DEFLATED) throw new ZipError('method');
  const data = method === STORED ? packed : inflate(packed, unpacked);
  if (data.length !== unpacked) throw new ZipError('size');
  if (crc32(data) !== crc) throw new ZipError('crc');
  return data;
}

/** Stops at the size that the directory promised: more is a lie, however small the packed bytes are. */
function inflate(packed: Buffer, size: number): Buffer {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) });
  } catch {
    throw new ZipError('deflate');
  }
}
