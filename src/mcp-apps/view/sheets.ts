import type { AppName } from '../names.ts';

const APPROVAL_PHASES = `
const approvalPhase = ({ approval = {} }, now) => {
  if (approval.state === 'failed') return 'approval-failed';
  if (approval.state === 'approved') return 'approved';
  if (approval.state === 'expired' || Date.parse(approval.expiresAt) <= now) return 'approval-over';
  return 'approval';
};
const askedRows = ({ state, approval = {} }) => state === 'PENDING_APPROVAL' ? [['approvalId', approval.id], ['approveBy', moment(approval.expiresAt)]] : [];
`;

const PAYMENT = `
const until = (s) => Math.min(Date.parse(s.expiresAt), s.linkExpiresAt ? Date.parse(s.linkExpiresAt) : Infinity);
const SHEET = {
  tool: 'query-payment',
  args: ({ outTradeNo }, waitSeconds) => ({ outTradeNo, waitSeconds }),
  phase(s, now) {
    const { state } = s;
    if (state === 'PENDING_APPROVAL') return approvalPhase(s, now);
    if (state === 'PAID') return Number(s.refundedYuan) > 0 || s.refundedElsewhereYuan ? 'returned' : s.late ? 'late' : 'paid';
    if (state !== 'NOTPAY') return { DENIED: 'denied', CLOSED: 'closed' }[state] || 'unknown';
    if (Date.parse(s.expiresAt) <= now) return 'over';
    if (s.closing) return 'closing';
    if (until(s) <= now) return 'link-over';
    if (s.qrCode) return 'scan';
    if (s.jsapiParams || s.appParams || s.orderString) return 'elsewhere';
    return s.payUrl || s.cashierUrl ? 'link' : 'link-over';
  },
  ends: (s) => s.state === 'PENDING_APPROVAL' ? Date.parse((s.approval || {}).expiresAt) : until(s),
  rests(s, now) {
    if (s.state === 'PAID' || s.state === 'DENIED' || s.state === 'CLOSED') return true;
    if (s.state === 'PENDING_APPROVAL') return approvalPhase(s, now).startsWith('approval-');
    return Date.parse(s.expiresAt) + 900000 < now;
  },
  app: ({ provider }) => ((WALLETS[provider] || [])[3] || WALLETS.any)[lang],
  amount: (s) => s.amountYuan,
  parts(s, phase) {
    const wallet = WALLETS[s.provider];
    const payable = phase === 'scan' || phase === 'link';
    const glyph = wallet && h('span', { class: 'glyph', 'aria-hidden': 'true' }, wallet[1]);
    if (glyph) glyph.style.background = wallet[2];
    const name = wallet ? wallet[0][lang] : w('payment');
    const code = phase === 'scan' && aside.qr && h('figure', { class: 'pay' }, h('img', { alt: w('code'), src: 'data:image/png;base64,' + aside.qr }), s.simulated ? h('figcaption', {}, w('codeSimulated')) : undefined);
    const paid = s.state === 'PAID';
    return {
      glyph,
      heading: aside.payee ? [bdi(aside.payee), h('small', {}, name)] : [name],
      pay: code || undefined,
      left: payable || phase === 'elsewhere' ? w('left') : undefined,
      more: [
        payable ? link('openLink', s.payUrl, true) : undefined,
        payable ? link('openPage', s.cashierUrl, !s.payUrl && !code) : undefined,
        phase === 'paid' && caps.message ? button('tell', () => ask('ui/message', { role: 'user', content: [{ type: 'text', text: w('told').replace('{number}', s.outTradeNo) }] }).catch(() => {})) : undefined,
        quote('title', s.title || (input && input.title)),
        rows(['order', s.outTradeNo], ...askedRows(s), ['paidAt', paid && moment(s.paidAt)], ['refunded', paid && Number(s.refundedYuan) > 0 && yuan(s.refundedYuan)]),
      ],
    };
  },
};
`;

const REFUND = `
const SHEET = {
  tool: 'query-refund',
  args: ({ outTradeNo, outRefundNo }) => ({ outTradeNo, outRefundNo }),
  phase: (s, now) => s.state === 'PENDING_APPROVAL' ? approvalPhase(s, now)
    : { DENIED: 'denied', PROCESSING: 'processing', SUCCESS: 'success', CLOSED: 'not-refunded', ABNORMAL: 'abnormal' }[s.state] || 'unknown',
  ends: (s) => s.state === 'PENDING_APPROVAL' ? Date.parse((s.approval || {}).expiresAt) : Infinity,
  rests: (s, now) => ['DENIED', 'SUCCESS', 'CLOSED', 'ABNORMAL'].includes(s.state) || (s.state === 'PENDING_APPROVAL' && approvalPhase(s, now).startsWith('approval-')),
  app: () => '',
  amount: (s) => s.refundYuan,
  parts: (s) => ({
    heading: [w('refund')],
    more: [
      quote('reason', s.reason || (input && input.reason)),
      rows(['order', s.outTradeNo || (input && input.outTradeNo)], ['number', s.outRefundNo], ...askedRows(s)),
    ],
  }),
};
`;

/** What is particular to each view, in script: what it asks, what it says, and when it rests. */
export const SHEETS: Readonly<Record<AppName, string>> = {
  payment: APPROVAL_PHASES + PAYMENT,
  approval: APPROVAL_PHASES + REFUND,
};
