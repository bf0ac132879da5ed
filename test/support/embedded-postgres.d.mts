export const canRunPostgres: boolean;
export function makeCluster(folder: string, ...options: readonly string[]): void;
export function startCluster(folder: string, port: number, settings: string): string;
export function stopCluster(folder: string, mode: 'fast' | 'immediate'): void;
export function controlCluster(folder: string, ...args: readonly string[]): Promise<void>;
export function postgresVersion(): string | undefined;
