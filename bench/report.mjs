// The figures as people read them.

const digits = (value) =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
const optional = (value) => (value === undefined ? '' : digits(value));

/** One line at the terminal. */
export function told({ what, unit, value, p99, beside, besideWhat, reach, holds, note, error }) {
  if (error !== undefined) return `${what}: NOT MEASURED: ${error}`;
  return [
    `${what}: ${digits(value)} ${unit}`.trim(),
    ...(p99 === undefined ? [] : [`p99 ${digits(p99)}`]),
    ...(beside === undefined ? [] : [`beside it ${digits(beside)} (${besideWhat})`]),
    ...(note === undefined ? [] : [note]),
    ...(reach === undefined ? [] : [`reach ${reach}: ${holds ? 'holds' : 'DOES NOT HOLD'}`]),
  ].join('; ');
}

/**
 * The whole table, as Markdown.
 * @param before `{at, lines}` of the commit that it is compared with
 * @param last what it said until now; what people have written under "Measured again" is kept
 */
export function report(at, lines, before, last) {
  const [again = ''] = /\n## Measured again\n[\s\S]*/.exec(last) ?? [];
  const earlier = new Map(before.lines.map((line) => [line.what, line]));
  const rows = lines.map((line) => {
    const { what, unit, value, p99, beside, besideWhat, reach = '', holds, note, error } = line;
    if (error !== undefined) return `| ${what} | | | | | | | not measured: ${error} |`;
    const was = earlier.get(what)?.value;
    return `| ${[
      what,
      was === undefined ? '' : digits(was),
      `**${digits(value)}** ${unit}`,
      optional(p99),
      beside === undefined ? '' : `${digits(beside)} (${besideWhat})`,
      beside === undefined ? '' : `${digits(value / beside)} ×`,
      reach,
      [
        ...(holds === undefined ? [] : [holds ? 'yes' : '**no**']),
        ...(note === undefined ? [] : [note]),
      ].join('; '),
    ].join(' | ')} |`;
  });
  const busy = (load) =>
    `Load at the start ${load.load}${load.isBusy ? '. **The machine was busy: wall times and rates say nothing here; processor times and ratios do.**' : ''}`;
  return `# What it costs

Written by \`npm run bench -- all\`, all but what stands under “Measured again”, which is written by hand and kept;
\`npm run bench -- ROW\` measures one row. Each row says in its file under
\`bench/rows\` how it is measured. The gateways are a process of their own; the server is the built one, driven by raw
JSON-RPC. What stands beside a figure was measured in the same run.

- ${at.date} UTC, commit ${at.commit}
- ${at.cpu}; Node ${at.node}; PostgreSQL ${at.postgres}
- the large ledger: ${at.orders} orders; disk of the ledgers: ${at.disk}
- ${busy(at)}
- before: commit ${before.at.commit}, its large ledger of ${before.at.orders} orders. ${busy(before.at)}${before.at.note === undefined ? '' : ` ${before.at.note}`}

| what | before | now | p99 | beside it | ratio | reach | holds |
|---|---|---|---|---|---|---|---|
${rows.join('\n')}
${again}`;
}
