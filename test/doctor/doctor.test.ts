// One file for vitest, so that keys are made and the house is loaded once.
import './wallet-cases.ts';
import './gateway-cases.ts';
import './douyinpay-cases.ts';
import './surroundings-cases.ts';
import './channel-cases.ts';
import './gate-cases.ts';
import './hardy-cases.ts';
import './expiry-cases.ts';
