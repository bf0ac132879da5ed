import type { Clock, RandomBytes } from '../domain/clock.ts';
import { BillFileBook } from './state/bill-files.ts';
import { CodeBook } from './state/codes.ts';
import type { SimulatorDatabase } from './state/database.ts';
import { DeliveryBook } from './state/deliveries.ts';
import type { Identity } from './state/identity.ts';
import { RequestLog } from './state/request-log.ts';
import { TradeBook } from './state/trades.ts';
import { Steering } from './steering.ts';

/** Everything the two gateways, the payer and the control API share. */
export interface World {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly identity: Identity;
  /** For one exchange with a merchant in certificate mode. */
  readonly signsWith?: 'certificate';
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly database: SimulatorDatabase;
  readonly trades: TradeBook;
  readonly codes: CodeBook;
  readonly billFiles: BillFileBook;
  readonly deliveries: DeliveryBook;
  readonly requests: RequestLog;
  readonly steering: Steering;
}

export function createWorld(
  ports: { readonly clock: Clock; readonly randomBytes: RandomBytes },
  database: SimulatorDatabase,
  identity: Identity,
  origin: string,
): World {
  return {
    clock: ports.clock,
    randomBytes: ports.randomBytes,
    identity,
    origin,
    database,
    trades: new TradeBook(database),
    codes: new CodeBook(database),
    billFiles: new BillFileBook(database),
    deliveries: new DeliveryBook(database),
    requests: new RequestLog(database),
    steering: new Steering(database),
  };
}
