/**
 * The page's whole style. Accents are the wallets' own blue and green; `--strong` is the darker tone that carries
 * white text with a contrast above 4.5. The code stays black on white in the dark scheme too.
 */
export const STYLE = `:root{color-scheme:light dark;--ground:#f3f5f8;--card:#fff;--ink:#171a21;--soft:#596170;--line:#e7eaf0;--accent:#1677ff;--strong:#1168ea;--tone:#0f5fd6;--wash:#e9f2ff;--shadow:0 1px 2px rgb(20 30 50/.05),0 18px 48px rgb(20 30 50/.09)}
.wechatpay{--accent:#07c160;--strong:#058045;--tone:#067a3f;--wash:#e4f8ed}
@media (prefers-color-scheme:dark){:root{--ground:#101216;--card:#1b1e24;--ink:#f0f2f5;--soft:#a0a9b7;--line:#2d323b;--tone:#69a8ff;--wash:#1a2c48;--shadow:none}.wechatpay{--tone:#3ddc87;--wash:#12331f}}
*{box-sizing:border-box;margin:0}
body{min-height:100vh;min-height:100dvh;display:flex;flex-direction:column;background:radial-gradient(70rem 26rem at 50% -8rem,var(--wash),transparent) no-repeat var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","WenQuanYi Zen Hei",sans-serif;-webkit-text-size-adjust:100%}
.en{display:block;font-size:max(13px,.8125em);line-height:1.4;color:var(--soft);font-weight:400}
:focus-visible{outline:3px solid var(--tone);outline-offset:3px}
#order:focus{outline:none}
.band{padding:10px 16px;text-align:center;font-weight:700;font-size:17px;line-height:1.4;color:#1a1400;background:repeating-linear-gradient(135deg,#ffc53d 0 18px,#ffd666 18px 36px);border-bottom:3px solid #1a1400}
.band .en{display:inline-block;font-size:1em;font-weight:700;color:inherit}
.band .en::before{content:"/ "}
@media (max-width:480px){.band .en{display:block}.band .en::before{content:none}}
main{flex:1;display:flex;flex-direction:column;align-items:center;justify-content:center;padding:14px 16px}
.card{width:100%;max-width:420px;background:var(--card);border-radius:20px;box-shadow:var(--shadow);overflow:hidden;text-align:center}
.card::before{content:"";display:block;height:5px;background:var(--accent)}
.card>header{display:flex;align-items:center;gap:12px;padding:12px 20px;border-bottom:1px solid var(--line);text-align:start}
.glyph{flex:none;width:36px;height:36px;border-radius:10px;display:grid;place-items:center;background:var(--strong);color:#fff;font-size:20px;font-weight:700;line-height:1}
.wallet{flex:1;font-size:16px;line-height:1.3;font-weight:600}
.wallet .en,.badge .en{font-size:13px;line-height:1.3}
.badge{padding:4px 12px;border-radius:12px;background:var(--wash);color:var(--tone);font-size:14px;line-height:1.3;font-weight:600;text-align:center}
.badge .en{color:inherit}
.sum{padding:18px 20px 0}
.item{overflow-wrap:anywhere;color:var(--soft)}
.amount{font-size:46px;line-height:1.2;font-weight:700;letter-spacing:-.01em;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.amount.long{font-size:34px}
.yuan{font-size:.6em;margin-inline-end:.12em;font-weight:600}
.pay{padding:12px 20px 0}
figure{display:flex;flex-direction:column;align-items:center}
.qr{width:220px;background:#fff;border-radius:14px;border:1px solid var(--line);padding:4px}
.qr svg{display:block;width:100%;height:auto}
figcaption{margin-top:8px;font-weight:600}
.over{padding:16px 20px 4px;font-weight:600}
.notice,.hint,.check{text-wrap:balance}
.hint,.check{font-size:14px;line-height:1.4;color:var(--soft);margin-top:8px}
.check{margin:0;padding:0 20px 16px}
.phone{display:none}
@media (pointer:coarse) and (max-width:600px){.phone{display:block}}
.button{display:block;margin:14px auto 0;max-width:340px;padding:11px 20px;border-radius:14px;background:var(--strong);color:#fff;font-weight:600;font-size:17px;line-height:1.35;text-decoration:none}
.button .en{color:inherit}
.button:hover{filter:brightness(1.07)}
.button:active{filter:brightness(.93)}
.simulator{background:#ffc53d;color:#1a1400}
.left{display:flex;align-items:center;justify-content:center;gap:12px;margin-top:14px}
.left .label{font-size:14px;line-height:1.3;text-align:end}
.left b{font-size:26px;line-height:1.2;font-variant-numeric:tabular-nums;color:var(--tone)}
.notice{padding:26px 24px 4px}
.pay .notice{padding:8px 4px 4px}
.notice:last-child{padding-bottom:28px}
.notice h1,.notice h2{font-size:22px;line-height:1.35;margin-top:12px}
.notice h1 .en,.notice h2 .en{font-size:15px}
.notice p{margin-top:10px}
.notice p .en{font-size:14px;margin-top:2px}
.icon{width:64px;height:64px;color:var(--soft)}
.wait{color:var(--tone)}
.done{width:84px;height:84px;color:#fff}
.done .disc{fill:var(--strong);stroke:none}
.paid .notice h2,.paid-late .notice h2{color:var(--tone)}
.paid-late{--accent:#d46b08;--strong:#ad4e00;--tone:#ad4e00;--wash:#fff1dc}
.denied,.closed,.expired,.link-expired,.closing{--accent:#9aa3b2;--strong:#596170;--tone:#4a5160;--wash:#eef0f4}
@media (prefers-color-scheme:dark){.paid-late{--tone:#ffb35c;--wash:#3a2710}.denied,.closed,.expired,.link-expired,.closing{--tone:#c5ccd8;--wash:#2a2f38}}
.denied .amount,.closed .amount,.expired .amount,.link-expired .amount,.closing .amount{color:var(--soft);font-size:34px}
dl{margin:16px 20px 0;padding:10px 0;border-top:1px solid var(--line);font-size:14px}
dl div{display:flex;justify-content:space-between;align-items:center;gap:16px;padding:3px 0}
dt{flex:1 1 0;display:flex;flex-wrap:wrap;align-items:baseline;column-gap:.5em;text-align:start}
dt span{white-space:nowrap}
dd{flex:none;text-align:end;font-variant-numeric:tabular-nums}
.number{flex:0 1 auto;overflow-wrap:anywhere}
.offline{width:100%;max-width:420px;margin-bottom:12px;padding:10px 16px;border-radius:12px;background:#fff1dc;color:#7a3700;font-size:14px}
.offline .en{color:inherit}
.quiet{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (prefers-reduced-motion:no-preference){
.done .disc{transform-origin:center;animation:pop .45s cubic-bezier(.2,1.4,.4,1)}
.done .tick{stroke-dasharray:1;animation:draw .4s .25s ease-out backwards}
.wait{animation:breathe 2.4s ease-in-out infinite}
@keyframes pop{from{transform:scale(.3);opacity:0}}
@keyframes draw{from{stroke-dashoffset:1}to{stroke-dashoffset:0}}
@keyframes breathe{50%{opacity:.45}}
}
`;
