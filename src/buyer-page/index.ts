export { type BuyerListener, listenForBuyers } from './listener.ts';
export { ledgerLookup, offerLookup } from './lookup.ts';
export { buyerRoutes } from './routes.ts';
export type { BuyerLookup, BuyerView } from './view.ts';
