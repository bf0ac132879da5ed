/**
 * Colours are the host's where it gives ground and text alike, else our own; the code is black on white in both themes.
 */
export const STYLE = `:root{color-scheme:light dark;--ground:var(--color-background-primary,light-dark(#fff,#1b1e24));--ink:var(--color-text-primary,light-dark(#171a21,#f0f2f5));--soft:var(--color-text-secondary,light-dark(#596170,#a9b2c0));--line:var(--color-border-primary,light-dark(#d9dee7,#3a404b));--tone:light-dark(#0f5fd6,#8dbdff);--wash:light-dark(#e9f2ff,#1a2c48)}
.good{--tone:light-dark(#0b6b3a,#7fdca6);--wash:light-dark(#e3f6ea,#143524)}
.warn,.note{--tone:light-dark(#8a3d00,#ffbd70);--wash:light-dark(#fff1dc,#3a2710)}
.stop{--tone:light-dark(#4a5160,#c5ccd8);--wash:light-dark(#eef0f4,#2a2f38)}
*{box-sizing:border-box;margin:0}
body{background:var(--ground);color:var(--ink);font:15px/1.5 var(--font-sans,system-ui),-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","WenQuanYi Zen Hei",sans-serif;overflow-wrap:anywhere}
:focus-visible{outline:3px solid var(--tone);outline-offset:2px}
main{padding:14px 16px 16px;max-width:640px;margin:0 auto}
.band{padding:6px 12px;text-align:center;font-weight:700;color:#1a1400;background:#ffd666}
.top{display:flex;align-items:center;gap:10px}
.glyph{flex:none;width:34px;height:34px;border-radius:9px;display:grid;place-items:center;color:#fff;font-size:18px;font-weight:700;line-height:1}
h1{flex:1;min-width:0;font-size:16px;line-height:1.3;font-weight:600}
small{display:block;font-size:13px;font-weight:400;color:var(--soft)}
.badge{flex:none;max-width:46%;padding:3px 10px;border-radius:11px;font-size:13px;line-height:1.35;font-weight:600;color:var(--tone);background:var(--wash)}
.amount{margin-top:8px;font-size:34px;line-height:1.25;font-weight:700}
.amount.long{font-size:25px}
.stop .amount{color:var(--soft)}
h2{margin-top:10px;font-size:16px;line-height:1.4}
.good h2::before{content:"✓";display:inline-grid;place-items:center;width:1.5em;height:1.5em;margin-inline-end:.5em;border-radius:50%;background:var(--tone);color:var(--wash)}
.advice{margin-top:2px;color:var(--soft);font-size:14px}
.said{margin-top:8px;padding:6px 10px;border-inline-start:3px solid var(--line);font-size:14px}
figure{margin-top:12px;text-align:center}
figure img{display:block;width:196px;height:196px;margin:0 auto 6px;padding:2px;border-radius:10px;background:#fff}
figcaption{font-size:14px;font-weight:600}
.left{margin-top:8px;color:var(--soft);font-size:14px}
.left b{font-size:19px;color:var(--ink)}
button{display:block;width:100%;min-height:44px;margin-top:10px;padding:9px 14px;border:1px solid var(--soft);border-radius:var(--border-radius-md,10px);background:transparent;color:var(--ink);font:inherit;font-weight:600;cursor:pointer}
button.main{border-color:transparent;background:#1168ea;color:#fff}
.url{margin-top:8px;font-size:13px;user-select:all}
dl{margin-top:12px;padding-top:8px;border-top:1px solid var(--line);font-size:13px}
dl div{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 12px;padding:2px 0}
dt{color:var(--soft)}
.amount,.left b,dd{font-variant-numeric:tabular-nums}
.note{margin-top:10px;padding:8px 12px;border-radius:9px;background:var(--wash);color:var(--tone);font-size:14px}
.quiet{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (min-width:560px){.wide{display:grid;grid-template:auto 1fr/1fr 216px;gap:0 24px}.wide .pay{grid-area:1/2/3;margin-top:8px}}
`;
