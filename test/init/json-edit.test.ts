import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NotEditable, objectAt, setEntry } from '../../src/cli/init/json-edit.ts';

const ENTRY = { command: 'npx', args: ['-y', 'mcp-cashier'] };
const set = (text: string) => setEntry(text, ['mcpServers', 'cashier'], ENTRY).text;

describe('an entry set in a JSON text', () => {
  it.each([
    ['nothing', '', '{\n  "mcpServers": {\n    "cashier": {'],
    ['an empty object', '{}', '{\n  "mcpServers": {\n    "cashier": {'],
    [
      'other settings',
      '{\n    "theme": "dark"\n}\n',
      '{\n    "theme": "dark",\n    "mcpServers": {\n        "cashier": {',
    ],
    ['no servers', '{\n\t"mcpServers": {}\n}', '{\n\t"mcpServers": {\n\t\t"cashier": {'],
    [
      'another server, in its own style',
      '{ "mcpServers": { "files": {"command":"x", "args":["a","}"]} }, "z": 1 }',
      '{ "mcpServers": { "files": {"command":"x", "args":["a","}"]},\n    "cashier": {',
    ],
    ['lines of Windows', '{\r\n  "a": 1\r\n}\r\n', '{\r\n  "a": 1,\r\n  "mcpServers": {\r\n'],
  ])('of %s leaves the rest as it is', (_, before, beginning) => {
    const after = set(before);
    expect(after.startsWith(beginning)).toBe(true);
    expect(JSON.parse(after).mcpServers.cashier).toEqual(ENTRY);
    // Once it is there, setting it again says the same.
    expect(JSON.parse(set(after))).toEqual(JSON.parse(after));
  });

  it.each([
    ['{\n  // mine\n  "mcpServers": {}\n}', ['// mine']],
    ['{\n  "mcpServers": {\n    // none yet\n  }\n}', ['// none yet']],
    ['{ "mcpServers": {"a": "http://x//y",}, /* later */ }', ['"http://x//y"', '/* later */']],
    [
      '{\n  "mcpServers": {\n    "a": {} // the first\n  }, // all\n}\n',
      ['"a": {}, // the first\n', '// all\n}'],
    ],
    ['\uFEFF{\n  "theme": "dark", // at night\n}\n', ['"dark", // at night\n']],
    ['/* head */\n{}\n// foot\n', ['/* head */', '// foot']],
  ])('keeps the comments of %j', (before, kept) => {
    const after = set(before);
    for (const comment of kept) expect(after).toContain(comment);
    expect(objectAt(after, ['mcpServers', 'cashier'])).toEqual(ENTRY);
    expect(objectAt(set(after), ['mcpServers', 'cashier'])).toEqual(ENTRY);
  });

  it('replaces an older one and nothing else', () => {
    const before = '{"mcpServers":{"cashier":{"command":"old"},"b":{"x":"cashier"}}}';
    const { text, removed } = setEntry(before, ['mcpServers', 'cashier'], ENTRY);
    expect(removed).toBe('{"command":"old"}');
    expect(JSON.parse(text)).toEqual({ mcpServers: { cashier: ENTRY, b: { x: 'cashier' } } });
  });

  it.each([
    ['invalid', '{ "mcpServers": '],
    ['invalid', '{ "url": "// no comment" '],
    ['shape', '[]'],
    ['shape', '{"mcpServers": []}'],
    ['shape', '{"mcpServers": null}'],
  ])('is refused for %s: %s', (reason, text) => {
    expect(() => set(text)).toThrow(NotEditable);
    expect(() => set(text)).toThrow(reason);
  });

  it('holds for any configuration however it is written', () => {
    const name = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((one) => one !== '__proto__');
    const servers = fc.dictionary(name, fc.jsonValue({ depthSize: 'small' }));
    const root = fc.record({ rest: fc.dictionary(name, fc.jsonValue({ depthSize: 'small' })), servers });
    fc.assert(
      fc.property(root, fc.constantFrom(0, 2, 4, '\t'), ({ rest, servers: own }, indent) => {
        const before = { ...rest, mcpServers: own };
        const after = JSON.parse(set(JSON.stringify(before, null, indent)));
        const expected = { ...before, mcpServers: { ...own, cashier: ENTRY } };
        expect(after).toEqual(JSON.parse(JSON.stringify(expected)));
      }),
      { numRuns: 200 },
    );
  });
});
