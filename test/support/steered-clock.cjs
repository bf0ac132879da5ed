// Loaded into a process by --require: its clock is ahead by the milliseconds that the file of STEERED_CLOCK holds.
const { readFileSync } = require('node:fs');

const { now } = Date;
Date.now = () => now() + Number(readFileSync(process.env.STEERED_CLOCK, 'utf8'));
