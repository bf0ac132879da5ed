export { judge } from './checker.ts';
export { merged, REQUIRED } from './coverage.ts';
export { plan } from './plan.ts';
export { Player } from './player.ts';
