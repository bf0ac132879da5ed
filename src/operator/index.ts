export type { OperatorOptions } from './entrance.ts';
export { listenForOperator } from './listener.ts';
export { allRoutes, operatorRoutes } from './routes.ts';
