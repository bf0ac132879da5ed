import { WALLETS } from '../providers/registry.ts';

/**
 * The page's whole style. Accents are the wallets' own, blue where there is none; `--strong` is the darker tone that
 * carries white text with a contrast above 4.5. The code stays black on white in the dark scheme too. What is for
 * phones is shown where the browser says that it is one (`is-phone`), has a finger for a mouse, or is narrow.
 */
export const STYLE = `:root{color-scheme:light dark;--ground:#f3f5f8;--card:#fff;--ink:#171a21;--soft:#596170;--line:#e7eaf0;--accent:#1677ff;--strong:#1168ea;--tone:#0f5fd6;--wash:#e9f2ff;--shadow:0 1px 2px rgb(20 30 50/.05),0 18px 48px rgb(20 30 50/.09)}
${WALLETS.map(({ id, page: { colours } }) => `.${id}{--accent:${colours.accent};--strong:${colours.strong};--tone:${colours.tone};--wash:${colours.wash}}`).join('\n')}
@media (prefers-color-scheme:dark){:root{--ground:#101216;--card:#1b1e24;--ink:#f0f2f5;--soft:#a0a9b7;--line:#2d323b;--tone:#69a8ff;--wash:#1a2c48;--shadow:none}${WALLETS.map(({ id, page: { colours } }) => `.${id}{--tone:${colours.dark.tone};--wash:${colours.dark.wash}}`).join('')}}
*{box-sizing:border-box;margin:0}
body{min-height:100vh;min-height:100dvh;display:flex;flex-direction:column;background:radial-gradient(70rem 26rem at 50% -8rem,var(--wash),transparent) no-repeat var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","WenQuanYi Zen Hei",sans-serif;-webkit-text-size-adjust:100%}
:focus-visible{outline:3px solid var(--tone);outline-offset:3px}
#order:focus{outline:none}
.band{padding:8px 16px;text-align:center;font-weight:700;font-size:16px;line-height:1.4;color:#1a1400;background:repeating-linear-gradient(135deg,#ffc53d 0 18px,#ffd666 18px 36px);border-bottom:3px solid #1a1400}
main{position:relative;z-index:1;flex:1;display:flex;flex-direction:column;align-items:center;justify-content:center;padding:14px 16px 4px}
footer{padding:4px 16px 8px;font-size:14px;background:var(--ground);color:var(--soft);text-align:center}
.switch{display:inline-block;padding:10px 16px;color:inherit;text-underline-offset:3px}
.card{width:100%;max-width:420px;background:var(--card);border-radius:20px;box-shadow:var(--shadow);overflow:hidden;text-align:center}
.card::before{content:"";display:block;height:5px;background:var(--accent)}
.card>header{display:flex;align-items:center;gap:12px;padding:12px 20px;border-bottom:1px solid var(--line);text-align:start}
.glyph{flex:none;width:40px;height:40px;border-radius:11px;display:grid;place-items:center;background:var(--strong);color:#fff;font-size:21px;font-weight:700;line-height:1}
h1{flex:1;min-width:0;font-size:17px;line-height:1.3;font-weight:600}
.payee{display:block;overflow-wrap:anywhere}
.wallet{display:block;font-size:14px;font-weight:400;color:var(--soft)}
.badge{flex:none;max-width:42%;padding:4px 12px;border-radius:12px;background:var(--wash);color:var(--tone);font-size:14px;line-height:1.3;font-weight:600;text-align:center;word-break:keep-all}
.sum{padding:14px 20px 0}
.amount{font-size:46px;line-height:1.2;font-weight:700;letter-spacing:-.01em;font-variant-numeric:tabular-nums;white-space:nowrap}
.yuan{font-size:.62em;margin-inline-end:.1em;font-weight:600}
.amount.long{font-size:36px}
.amount.longer{font-size:28px}
.item{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:2;overflow:hidden;overflow-wrap:anywhere;color:var(--soft)}
.item:hover,.item:active{-webkit-line-clamp:unset}
.left{display:flex;align-items:baseline;justify-content:center;gap:10px;padding:6px 20px 0;color:var(--soft);font-size:15px}
.left b{font-size:24px;line-height:1.3;font-variant-numeric:tabular-nums;white-space:nowrap;color:var(--tone)}
.over{padding:12px 20px 0;font-weight:600}
.pay{padding:10px 20px 18px}
figure{display:flex;flex-direction:column;align-items:center}
.qr{width:212px;background:#fff;border-radius:14px;border:1px solid var(--line);padding:4px}
.qr svg{display:block;width:100%;height:auto}
figcaption{margin-top:6px;font-weight:600;line-height:1.4}
.notice,.hint,.check,.badge,.button,figcaption{text-wrap:balance}
.check{padding:0 20px 14px;font-size:14px;line-height:1.4;color:var(--soft)}
.hint{font-size:14px;line-height:1.45;color:var(--soft);margin-top:10px}
.button{display:block;width:100%;max-width:340px;margin:12px auto 0;padding:12px 20px;border:0;border-radius:14px;background:var(--strong);color:#fff;font:inherit;font-weight:600;font-size:17px;line-height:1.35;text-align:center;text-decoration:none;cursor:pointer}
.button:hover{filter:brightness(1.07)}
.button:active{filter:brightness(.93)}
.pay>.button:first-child{margin-top:2px}
.button+figure{margin-top:12px}
.simulator{background:#ffc53d;color:#1a1400}
.plain,.again{background:transparent;color:var(--tone);box-shadow:inset 0 0 0 1.5px currentColor}
.pay .on-phone,.never{display:none}
.is-phone .button.on-phone,.is-phone .on-phone{display:block}
.is-phone .pay .off-phone{display:none}
@media (pointer:coarse),(max-width:600px){.pay .on-phone{display:block}.pay .off-phone{display:none}}
.pay [hidden]{display:none}
.notice{padding:22px 24px 0}
.pay .notice{padding:4px 0 8px}
.card>.notice{padding-bottom:28px}
.notice h1,.notice h2{font-size:21px;line-height:1.35;margin-top:10px;word-break:keep-all;overflow-wrap:anywhere}
.notice p{margin-top:8px;line-height:1.5}
.pay .notice h2{font-size:18px;margin-top:4px}
.pay .notice p{font-size:15px}
.icon{width:60px;height:60px;color:var(--soft)}
.pay .icon{width:44px;height:44px}
.wait,.back{color:var(--tone)}
.done{width:76px;height:76px;color:#fff}
.done .disc{fill:var(--strong);stroke:none}
.paid .notice h2,.paid-late .notice h2{color:var(--tone)}
.paid-late{--accent:#d46b08;--strong:#ad4e00;--tone:#ad4e00;--wash:#fff1dc}
.denied,.closed,.expired,.link-expired,.closing{--accent:#9aa3b2;--strong:#596170;--tone:#4a5160;--wash:#eef0f4}
@media (prefers-color-scheme:dark){.paid-late{--tone:#ffb35c;--wash:#3a2710}.denied,.closed,.expired,.link-expired,.closing{--tone:#c5ccd8;--wash:#2a2f38}}
.denied .amount,.closed .amount,.expired .amount,.link-expired .amount,.closing .amount{color:var(--soft)}
.denied .amount,.closed .amount,.expired .amount,.link-expired .amount,.closing .amount,.confirming .amount{font-size:32px}
dl{margin:14px 20px 0;padding:10px 0 12px;border-top:1px solid var(--line);font-size:14px}
dl div{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:baseline;gap:0 16px;padding:3px 0}
dt{color:var(--soft);text-align:start}
dd{margin-inline-start:auto;text-align:end;white-space:nowrap;font-variant-numeric:tabular-nums}
.number dd{font:13px/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.receipts{margin:0 20px;padding:6px 0 16px;border-top:1px solid var(--line);font-size:14px;color:var(--soft)}
.receipts a{display:block;padding:10px 0;font-size:15px;font-weight:600;color:var(--tone);text-underline-offset:3px}
.receipts p{line-height:1.45;text-wrap:balance}
.offline{width:100%;max-width:420px;margin-bottom:12px;padding:10px 16px;border-radius:12px;background:#fff1dc;color:#7a3700;font-size:14px}
.quiet{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (max-width:599px){.offers{display:flex;flex-direction:column}.offers .about{display:contents}.offers .notice{order:0}.offers .sum{order:1}.offers .left,.offers .over{order:2}.offers .pay{order:3}.offers dl{order:4;margin-top:0}.offers .check{order:5}}
@media (max-width:359px){main{padding-inline:10px}.card>header,.sum,.pay{padding-inline:14px}dl,.receipts{margin-inline:14px}.glyph{width:34px;height:34px}.card>header{gap:9px}}
@media (min-width:760px){.card:has(.offers){max-width:760px}.offers{display:grid;grid-template-columns:1fr 1fr;align-items:center}.offers .about{padding-block:8px;border-inline-end:1px solid var(--line)}.offers .pay{padding:20px}.qr{width:236px}}
@media (prefers-reduced-motion:no-preference){
.done .disc{transform-origin:center;animation:pop .45s cubic-bezier(.2,1.4,.4,1)}
.done .tick{stroke-dasharray:1;animation:draw .4s .25s ease-out backwards}
.wait{animation:breathe 2.4s ease-in-out infinite}
@keyframes pop{from{transform:scale(.3);opacity:0}}
@keyframes draw{from{stroke-dashoffset:1}to{stroke-dashoffset:0}}
@keyframes breathe{50%{opacity:.45}}
}
`;
