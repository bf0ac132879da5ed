#!/usr/bin/env node
// The bin of that name, for configurations that call one: the same as `mcp-cashier alipay`.
process.argv.splice(2, 0, 'alipay');
void import('./launch.ts');
