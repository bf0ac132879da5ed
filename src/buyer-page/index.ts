export { type BuyerListener, listenForBuyers } from './listener.ts';
export { ledgerLookup, offerLookup, receiptLookup } from './lookup.ts';
export { buyerRoutes } from './routes.ts';
export type { BuyerLookup, BuyerView } from './view.ts';
