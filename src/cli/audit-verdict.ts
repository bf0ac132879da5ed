import type { Text } from '../domain/errors.ts';
import type { ChainFault } from '../ledger/audit-chain.ts';
import type { CheckpointFault } from '../ledger/audit-checkpoint.ts';
import type { Verdict } from '../ledger/audit-verify.ts';
import type { TableFault } from '../ledger/recorded-rows.ts';
import type { Say } from './speaker.ts';
import { printTable } from './terminal.ts';

/** What a verification without a checkpoint cannot know, said every time. */
const WITHOUT_CHECKPOINT: Text = {
  zh: '没有给出检查点：若有人改写记录后重算了其后的全部哈希和末尾标记、截断后重写了末尾标记，或换掉了整个账本，仅凭账本本身查不出来。请用 mcp-cashier audit checkpoint --out FILE 定期签发检查点，保存在别处，并用 --checkpoint FILE 核对。',
  en: 'No checkpoint was given: whoever rewrote records and recomputed every later hash and the note of the end, cut the end off and rewrote that note, or replaced the whole ledger, cannot be found by the ledger alone. Sign checkpoints regularly with mcp-cashier audit checkpoint --out FILE, keep them elsewhere, and verify with --checkpoint FILE.',
};

export function printVerdict(verdict: Verdict, say: Say): void {
  const { intact, proven, chain, checkpoints, tables } = verdict;
  const lines: Text[] = [];
  if (chain) lines.push(chainWords(chain, proven.seq));
  else {
    lines.push({
      zh: `哈希链完整：${proven.seq} 条记录，首尾相连。`,
      en: `The chain is whole: ${proven.seq} records follow one another.`,
    });
  }
  for (const { source, seq, at, fault } of checkpoints) {
    const words = fault ? CHECKPOINT[fault] : { zh: '相符', en: 'agrees' };
    const which = seq === undefined ? source : `${source} #${seq} ${at}`;
    lines.push({ zh: `检查点 ${which}：${words.zh}`, en: `Checkpoint ${which}: ${words.en}` });
  }
  lines.push(...tables.map(tableWords));
  if (!chain && tables.length === 0) {
    lines.push({
      zh: '订单、退款、审批、额度与规则的状态均与记录一致。',
      en: 'Orders, refunds, approvals, allowances and rules are as the records tell.',
    });
  }
  if (checkpoints.length === 0) lines.push(WITHOUT_CHECKPOINT);
  lines.push(
    intact
      ? { zh: '结论：完整', en: 'Verdict: intact' }
      : { zh: '结论：已被改动', en: 'Verdict: NOT intact' },
  );
  printTable(lines.flatMap((line) => say(line).map((text) => [text])));
}

/** With the sentences, so that whoever reads only this is told as much. */
export function verdictAsJson(verdict: Verdict): object {
  const { chain, checkpoints, tables, proven, ...rest } = verdict;
  return {
    ...rest,
    records: proven.seq,
    hash: proven.hash,
    fault: chain ? { ...chain, says: chainWords(chain, proven.seq) } : null,
    checkpoints: checkpoints.map((checkpoint) => ({
      ...checkpoint,
      fault: checkpoint.fault ?? null,
      ...(checkpoint.fault === undefined ? {} : { says: CHECKPOINT[checkpoint.fault] }),
    })),
    tables: tables.map((fault) => ({ ...fault, says: tableWords(fault) })),
    ...(checkpoints.length === 0 ? { limits: WITHOUT_CHECKPOINT } : {}),
  };
}

function chainWords({ look, seq, other }: ChainFault, proven: number): Text {
  const before: Text = {
    zh: proven === 0 ? '' : `（此前 ${proven} 条完整）`,
    en: proven === 0 ? '' : ` (the ${proven} before it are right)`,
  };
  const words = chainLook(look, seq, other);
  return { zh: `${words.zh}${before.zh}。`, en: `${words.en}${before.en}.` };
}

function chainLook(look: ChainFault['look'], seq: number, other: number | undefined): Text {
  const to = other ?? seq;
  switch (look) {
    case 'edited':
      return seq === 1
        ? {
            zh: '第 1 条记录被修改，或账本编号被修改',
            en: "Record 1 was edited, or the ledger's id was",
          }
        : {
            zh: `第 ${seq} 条记录被修改，或它之前的记录被修改并重算了哈希`,
            en: `Record ${seq} was edited, or one before it was edited and hashed anew`,
          };
    case 'missing':
      return seq === to
        ? { zh: `第 ${seq} 条记录被删除`, en: `Record ${seq} is missing` }
        : { zh: `第 ${seq} 至 ${to} 条记录被删除`, en: `Records ${seq} to ${to} are missing` };
    case 'added':
      return {
        zh: `第 ${seq} 条处有外来的记录，不是账本写入的`,
        en: `At ${seq} there is a record that the ledger did not write`,
      };
    case 'moved':
      return {
        zh: `第 ${seq} 条处的记录原为第 ${to} 条，被移动`,
        en: `The record at ${seq} was number ${to} and has been moved`,
      };
    case 'broken':
      return {
        zh: `从第 ${seq} 条起不再相连：有记录被删除、插入或连续修改，后面的被重新编号`,
        en: `From ${seq} on nothing links: records were removed, put in or edited in a row, and later ones renumbered`,
      };
    case 'cut-off':
      return {
        zh: `末尾被截断：第 ${seq} 至 ${to} 条记录缺失`,
        en: `The end was cut off: records ${seq} to ${to} are missing`,
      };
    case 'replaced':
      return {
        zh: `第 ${seq} 条（最后一条）不是当初写入的那一条：被替换并重算了哈希，或末尾标记被修改`,
        en: `Record ${seq}, the last, is not the one that was written: it was replaced and hashed anew, or the note of the end was edited`,
      };
    case 'headless':
      return {
        zh: `账本对最后一条（第 ${seq} 条）的标记被删除或损坏`,
        en: `The ledger's note of its last record (${seq}) is gone or unreadable`,
      };
  }
}

const CHECKPOINT: Readonly<Record<CheckpointFault, Text>> = {
  unreadable: {
    zh: '不是检查点（文件为空、损坏或被修改）',
    en: 'is no checkpoint (empty, damaged or edited)',
  },
  forged: {
    zh: '签名无效：检查点被伪造或修改，不能用来判断账本',
    en: 'has a bad signature: it was forged or edited, and says nothing about the ledger',
  },
  'other-ledger': {
    zh: '属于另一个账本：给错了文件，或账本被整个换掉',
    en: 'belongs to another ledger: it is the wrong file, or the ledger was replaced',
  },
  'other-key': {
    zh: '由另一把密钥签发：检查点是伪造的，或账本的密钥被换掉',
    en: "is signed with another key: it was forged, or the ledger's key was replaced",
  },
  'cut-off': {
    zh: '账本里已没有它所记的那一条：末尾被截断，或被删除',
    en: 'knows a record that is gone: the end was cut off, or it was deleted',
  },
  restamped: {
    zh: '该条的哈希与当时不同：这一条或更早的记录被改写，之后的哈希被重算',
    en: 'has another hash for that record: it or an earlier one was rewritten, and later hashes recomputed',
  },
  unproven: {
    zh: '无法核对：哈希链在它之前已断',
    en: 'cannot be held against it: the chain is broken before that record',
  },
};

function tableWords({ table, row, look, column, recorded, stored }: TableFault): Text {
  if (look === 'unrecorded') {
    return {
      zh: `表 ${table} 中的 ${row || '某行'} 没有任何记录：不是账本写入的。`,
      en: `${table} ${row || '(a row without a number)'} stands in no record: the ledger did not write it.`,
    };
  }
  if (look === 'gone') {
    return {
      zh: `表 ${table} 中的 ${row} 有记录而行已不在：被删除。`,
      en: `${table} ${row} is recorded and its row is gone: it was deleted.`,
    };
  }
  return {
    zh: `表 ${table} 中 ${row} 的 ${column} 为 ${stored}，记录为 ${recorded}：被修改。`,
    en: `${table} ${row} has ${column} ${stored}, and ${recorded} was recorded: it was edited.`,
  };
}
