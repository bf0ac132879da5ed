import { isAddress } from '../domain/ledger-address.ts';
import { type Address, openStore } from '../open-ledger.ts';
import { releaseClosed } from '../platform/sqlite.ts';
import { isOpenElsewhere } from '../platform/sqlite-file.ts';

/** Who has a ledger open besides whoever asks. */
export interface Users {
  /** Undefined where that cannot be known while they do nothing: files without WAL. */
  readonly any: boolean | undefined;
  /** Each as the database knows it; of a file only that there is somebody. */
  readonly connections: readonly { readonly from: string; readonly since: string }[];
}

/** Nothing of this process may have it open. */
export async function usersOf(address: Address): Promise<Users> {
  if (!isAddress(address.ledger)) {
    await releaseClosed();
    return { any: await isOpenElsewhere(address.ledger), connections: [] };
  }
  const store = await openStore(address);
  try {
    const rows = await store.read((tx) =>
      tx.all(
        `SELECT COALESCE(host(client_addr), 'local') AS client, pid, to_char(backend_start, 'YYYY-MM-DD HH24:MI:SSOF') AS began
         FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'mcp-cashier%'
           AND pid <> pg_backend_pid() ORDER BY backend_start, pid`,
      ),
    );
    const connections = rows.map(({ client, pid, began }) => ({
      from: `${client} pid ${pid}`,
      since: String(began),
    }));
    return { any: connections.length > 0, connections };
  } finally {
    await store.close();
  }
}
