export { type CashierListener, listenForCashier } from './listener.ts';
export { ledgerLookup } from './lookup.ts';
export { cashierRoutes } from './routes.ts';
export type { CashierLookup, CashierView } from './view.ts';
