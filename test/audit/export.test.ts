import { describe, expect, it } from 'vitest';
import { CSV_COLUMNS, csvLine, jsonLine } from '../../src/cli/audit-export.ts';
import type { StoredLink } from '../../src/ledger/audit-chain.ts';

const link: StoredLink = {
  seq: 7,
  at: Date.parse('2026-11-21T14:30:05+08:00'),
  kind: 'call',
  caller: 'cursor',
  tool: undefined,
  call: 'abc',
  outTradeNo: 'ORDER_1',
  outRefundNo: undefined,
  detailJson: '{"b":1, "a":"x"}',
  hash: 'ff',
};

describe('a CSV line', () => {
  it('has the columns in their order, quoted where RFC 4180 wants it', () => {
    expect(CSV_COLUMNS).toHaveLength(11);
    expect(csvLine(link)).toBe(
      `7,2026-11-21T14:30:05+08:00,${link.at},call,cursor,,abc,ORDER_1,,"{""b"":1, ""a"":""x""}",ff\r\n`,
    );
    expect(csvLine({ ...link, caller: 'a,b\n"c"' })).toContain(',"a,b\n""c""",');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1'])(
    'runs nothing in a spreadsheet: %j',
    (caller) => {
      expect(csvLine({ ...link, caller })).toContain(`,"'${caller}",`);
    },
  );

  it('has no time where somebody put something else', () => {
    expect(csvLine({ ...link, at: Number.NaN })).toMatch(/^7,,NaN,/);
  });
});

describe('a JSON line', () => {
  it('has the detail in the bytes that the hash covers', () => {
    expect(jsonLine(link)).toContain('"detail":{"b":1, "a":"x"},"hash":"ff"}\n');
  });

  it('stays one line of JSON whatever stands in the ledger', () => {
    for (const detailJson of ['', 'nonsense', '{\n}', '{}{}', '{"a":1}\r\n']) {
      const text = jsonLine({ ...link, detailJson });
      expect(text.indexOf('\n')).toBe(text.length - 1);
      expect(JSON.parse(text)).toMatchObject({ seq: 7, detail: detailJson });
    }
  });
});
