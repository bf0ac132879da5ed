import type { Fen } from './money.ts';

const DIGITS = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'] as const;
const PLACES = ['仟', '佰', '拾', ''] as const;
const GROUPS = ['', '万', '亿'] as const;

/**
 * An amount in the capital numerals of Chinese vouchers, by the rules of 《支付结算办法》: 12345 → `壹佰贰拾叁元肆角伍分`,
 * 100000 → `壹仟元整`.
 */
export function capitalYuan(amount: Fen): string {
  const digits = String(amount).padStart(3, '0');
  const yuan = digits.slice(0, -2);
  const [jiao, fen] = [Number(digits.at(-2)), Number(digits.at(-1))];
  const whole = wholeYuan(yuan);
  if (jiao === 0 && fen === 0) return `${whole || DIGITS[0]}元整`;
  // A missing 角 between 元 and 分 is said.
  const gap = jiao === 0 && whole !== '' ? DIGITS[0] : '';
  return `${whole && `${whole}元`}${gap}${jiao === 0 ? '' : `${DIGITS[jiao]}角`}${fen === 0 ? '' : `${DIGITS[fen]}分`}`;
}

/** Groups of four places; a gap of zeros before a digit is one 零. */
function wholeYuan(yuan: string): string {
  let text = '';
  let gap = false;
  const places = [...yuan.padStart(Math.ceil(yuan.length / 4) * 4, '0')];
  for (const [at, digit] of places.entries()) {
    if (digit === '0') gap = text !== '';
    else {
      text += `${gap ? DIGITS[0] : ''}${DIGITS[Number(digit)]}${PLACES[at % 4]}`;
      gap = false;
    }
    const endsGroup = at % 4 === 3;
    const inGroup = places.slice(at - 3, at + 1).some((one) => one !== '0');
    if (endsGroup && inGroup) text += GROUPS[(places.length - 1 - at) / 4] ?? '';
  }
  return text;
}
