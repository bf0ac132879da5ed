import { beijingDateTime } from '../domain/clock.ts';
import { type Reader, say } from './reader.ts';
import { WORDS } from './words.ts';

/** `12,345,678.90` of `12345678.90`: yuan as people read them. */
export function grouped(yuan: string): string {
  return yuan.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',');
}

/** `¥12,345,678.90`, of a decimal yuan string. */
export function money(yuan: string): string {
  return `¥${grouped(yuan)}`;
}

/** `15:00（北京时间）`, with its month and day unless that is today; both in ms. */
export function deadline(instant: number, now: number, reader: Reader): string {
  const [day, time] = split(instant);
  const isToday = day === split(now)[0];
  return `${isToday ? '' : `${day.slice(5)} `}${time}${say(WORDS.beijing, reader)}`;
}

/** `2026-11-21 15:00（北京时间）`; `instant` in ms. */
export function moment(instant: number, reader: Reader): string {
  return `${split(instant).join(' ')}${say(WORDS.beijing, reader)}`;
}

/** `04:05`, or `1:04:05` from one hour on. The page's script writes the same. */
export function clockFace(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

function split(instant: number): [day: string, time: string] {
  const text = beijingDateTime(instant);
  return [text.slice(0, 10), text.slice(11, 16)];
}
