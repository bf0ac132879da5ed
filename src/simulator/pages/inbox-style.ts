import { RECEIVERS } from '../inbox/receivers.ts';

/** Bubbles as chat apps have them, in one column of a phone's width; a colour for each who tells. */
export const STYLE = `
.inbox{max-width:640px}
.inbox h1 small,.inbox h2 small{margin-inline-start:.4em}
.inbox p .en{margin-inline-start:.5em}
.inbox pre{overflow-x:auto;font-size:13px;line-height:1.5;margin:10px 0;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.chat{list-style:none;margin:18px 0 0;padding:0;display:grid;gap:20px}
.chat>li{min-width:0}
.from{display:flex;flex-wrap:wrap;align-items:center;gap:2px 8px;font-size:14px}
.from time{color:var(--dim);font-size:13px;margin-inline-start:auto;font-variant-numeric:tabular-nums}
.avatar{flex:none;display:grid;place-items:center;width:30px;height:30px;border-radius:8px;background:#475569;color:#fff;font-size:15px;font-weight:700}
.inbox .why-not{display:inline-block;margin:6px 0 0 38px;padding:2px 10px;border-radius:8px;background:var(--amber-wash);color:var(--amber);font-size:14px}
.inbox .why-not .en{color:inherit}
.message{position:relative;margin:6px 0 0 38px;background:var(--card);border:1px solid var(--line);border-radius:4px 14px 14px 14px;padding:12px 16px;overflow-wrap:anywhere;--head:var(--grey-wash);--head-ink:var(--ink)}
.message.green{--head:var(--green-wash);--head-ink:var(--green)}
.message.blue{--head:var(--blue-wash);--head-ink:var(--blue)}
.message.orange{--head:var(--amber-wash);--head-ink:var(--amber)}
.message.red{--head:var(--red-wash);--head-ink:var(--red)}
.message h2{margin:-12px -16px 10px;padding:10px 16px;border-radius:3px 13px 0 0;background:var(--head);color:var(--head-ink);font-size:17px;line-height:1.4}
.refused .message{border-style:dashed}
.message .plain{white-space:pre-wrap}
.message p{margin:6px 0}
.message hr{border:0;border-top:1px solid var(--line);margin:10px 0}
.message .foot{color:var(--dim);font-size:13px;margin:10px 0 0}
.message .heading{font-weight:700;font-size:17px}
.message .item{padding-inline-start:14px;text-indent:-10px}
.message .item::before{content:"· ";font-weight:700}
.message blockquote{margin:8px 0;padding:4px 12px;border-inline-start:3px solid var(--edge);color:var(--mid)}
.message dl{margin:8px 0;border:0}
.message dl div{padding:3px 0;border:0;justify-content:flex-start}
.message dt{min-width:5em}
.message dd{text-align:start}
.message .button{margin-top:12px;padding:9px 14px;font-size:16px}
.small{font-size:13px}
.bubble>.small{margin:4px 0 0 38px;color:var(--dim);overflow-wrap:anywhere}
:root{--red:#b3261e;--red-wash:#fdecea}
@media(prefers-color-scheme:dark){:root{--red:#ff9d94;--red-wash:#3a1c1a}}
@media(max-width:430px){.message,.bubble>.small,.inbox .why-not{margin-inline-start:0}}
${RECEIVERS.map(({ kind, accent }) => `.avatar.${kind}{background:${accent}}`).join('')}
`;
