// npm run sabotage [-- NAME… | --seconds N] [--simulation] [--write]: see run.ts.
import { bundled, ROOT } from './bundled.mjs';

const { main } = await bundled('run');
process.exit(await main(process.argv.slice(2), ROOT));
