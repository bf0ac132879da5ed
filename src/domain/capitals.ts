import type { Fen } from './money.ts';

const DIGITS = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'] as const;
const PLACES = ['仟', '佰', '拾', ''] as const;
/** Of four places each, as many as a safe whole number of fen has. */
const GROUPS = ['万亿', '亿', '万', ''] as const;

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

/** Every place is said; then what zeros say moves behind its group, is said once, and not at either end. */
function wholeYuan(yuan: string): string {
  const places = yuan.padStart(GROUPS.length * 4, '0');
  const said = GROUPS.map((unit, group) => {
    const digits = [...places.slice(group * 4, group * 4 + 4)];
    const words = digits.map(
      (digit, place) => `${DIGITS[Number(digit)]}${digit === '0' ? '' : PLACES[place]}`,
    );
    return `${words.join('')}${digits.every((digit) => digit === '0') ? '' : unit}`;
  });
  return said
    .join('')
    .replace(/(零+)([万亿]+)/g, '$2$1')
    .replace(/零+/g, '零')
    .replace(/^零|零$/g, '');
}
