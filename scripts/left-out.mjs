// What the two SDKs bring along and we never call: their transports, ciphers, certificate readers and forms. Merchant keys
// live in this process, so code that nobody maintains or needs does not. Each stands as a module that throws when it is
// used; what runs while an SDK is loaded does nothing.
const absent = (name) =>
  `const absent = () => { throw new Error('${name} is left out of this package'); };
   const nothing = new Proxy(absent, { get: absent, construct: absent });`;

/** By package: what stands in its place. */
const INSTEAD = {
  // An agent is made when the SDK is loaded.
  urllib: 'export class Agent {} export { nothing as ProxyAgent }; export default nothing;',
  'sse-decoder': 'export { nothing as Stream };',
  formstream: 'export default class { constructor() { absent(); } }',
  'bignumber.js': 'export { nothing as BigNumber };',
  '@fidm/x509': 'export { nothing as Certificate };',
  // The SDK parses its zero IV when it is loaded.
  'crypto-js': 'export default { enc: { Hex: { parse: () => undefined }, Base64: nothing }, AES: nothing };',
  superagent: 'export default nothing;',
  // Asked for a local time with every signature, in whose place ours is put.
  utility: "export const YYYYMMDDHHmmss = () => '';",
};
const SDKS = /node_modules\/(alipay-sdk|wechatpay-node-v3)\//;

/** Packages that only the SDKs ask for. */
export const LEFT_OUT = Object.keys(INSTEAD);

/** esbuild's plugin. Throws when an SDK does not ask for one of them any more. */
export const leftOut = {
  name: 'left-out',
  setup(build) {
    // Whoever wants spans has installed it.
    build.onResolve({ filter: /^@opentelemetry\/api$/ }, ({ path }) => ({ path, external: true }));
    const met = new Set();
    build.onResolve({ filter: /^[@a-z]/ }, ({ path, importer }) => {
      if (!LEFT_OUT.includes(path) || !SDKS.test(importer.replaceAll('\\', '/'))) return undefined;
      met.add(path);
      return { path, namespace: 'left-out', sideEffects: false };
    });
    build.onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({
      contents: `${absent(path)}\n${INSTEAD[path]}`,
    }));
    build.onEnd(() => {
      const gone = LEFT_OUT.filter((name) => !met.has(name));
      if (gone.length > 0) throw new Error(`no SDK asks for ${gone.join(', ')} any more`);
    });
  },
};
