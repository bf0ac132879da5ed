import { deflateRawSync, crc32 as zlibCrc32 } from 'node:zlib';

/** A file of an archive, with everything in its headers that can be made to lie. */
export interface File {
  readonly name: string | Buffer;
  readonly data: Buffer;
  readonly stored?: boolean;
  readonly crc?: number;
  readonly size?: number;
  readonly packed?: Buffer;
  readonly localName?: string;
  readonly flags?: number;
  readonly method?: number;
  readonly offset?: number;
}

/** An archive in the simplest form of APPNOTE.TXT; `count` and `tail` lie about it as a whole. */
export function archive(files: readonly File[], { count = files.length, tail = '' } = {}): Buffer {
  const bodies: Buffer[] = [];
  const entries: Buffer[] = [];
  let at = 0;
  for (const file of files) {
    const name = Buffer.from(file.name);
    const local = Buffer.from(file.localName ?? name);
    const packed = file.packed ?? (file.stored ? file.data : deflateRawSync(file.data));
    const method = file.method ?? (file.stored ? 0 : 8);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(method, 8);
    header.writeUInt16LE(local.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(file.flags ?? 0, 8);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(file.crc ?? zlibCrc32(file.data), 16);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(file.size ?? file.data.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(file.offset ?? at, 42);
    bodies.push(header, local, packed);
    entries.push(entry, name);
    at += 30 + local.length + packed.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...bodies, directory, end, Buffer.from(tail)]);
}
