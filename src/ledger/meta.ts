import type { Tx } from './store.ts';

export async function readMeta(tx: Pick<Tx, 'all'>, key: string): Promise<string | undefined> {
  const [row] = await tx.all('SELECT value FROM meta WHERE key = ?', key);
  return row === undefined ? undefined : String(row.value);
}

export async function writeMeta(tx: Tx, key: string, value: string): Promise<void> {
  await tx.run(
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    key,
    value,
  );
}
