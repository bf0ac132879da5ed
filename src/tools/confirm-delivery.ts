import { z } from 'zod';
import { confirmDelivery } from '../payments/confirm-delivery.ts';
import { defineTool } from './define-tool.ts';
import { checkText, described } from './params.ts';
import { paymentView } from './views.ts';

const MAX_NOTE_CHARACTERS = 80;

export const confirmDeliveryTool = defineTool({
  name: 'confirm-delivery',
  title: { zh: '确认交付', en: 'Confirm delivery' },
  description: {
    zh: '交付已付款的订单后调用。',
    en: 'Call once a paid order is delivered.',
  },
  scope: 'cashier:pay',
  hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  section: 'delivery',
  input: (setting) => ({
    // Of any toolset, whose numbers may be shorter or longer.
    outTradeNo: described(setting, z.string(), { zh: '订单号', en: 'order number' }),
    note: described(setting, z.string().optional(), { zh: '≤80 字', en: '≤80 characters' }),
  }),
  output: paymentView,
  run: async ({ till, call, present }, { outTradeNo, note = '' }) => {
    checkText('note', note, { min: 0, max: MAX_NOTE_CHARACTERS });
    return present.payment(await confirmDelivery(till, call, { outTradeNo, note: note || undefined }));
  },
});
