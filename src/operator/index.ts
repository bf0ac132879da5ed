export type { OperatorOptions } from './entrance.ts';
export { listenForOperator } from './listener.ts';
export { operatorRoutes } from './routes.ts';
