export { listenForOperator } from './listener.ts';
export { type OperatorOptions, operatorRoutes } from './routes.ts';
