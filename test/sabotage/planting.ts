/** What the simulated world needs to have a bug in it. */
export { BUGS } from './bugs/all.ts';
export { bundlePlanter } from './plant.ts';
