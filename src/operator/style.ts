import { CONSOLE_STYLE } from './style-console.ts';

/**
 * The pages' whole style: a calm ground, one colour for yes, one for no. Every text keeps a contrast of 4.5 in both
 * schemes; what the agent has written is boxed, and never in the face of our own words.
 */
export const STYLE = `:root{color-scheme:light dark;--ground:#f4f5f7;--card:#fff;--ink:#16191f;--soft:#565e6c;--line:#e1e4ea;--tone:#1a56b0;--go:#1a5fb4;--go-ink:#fff;--no:#b3261e;--no-wash:#fdecea;--warn:#7a4a00;--warn-wash:#fff3dc;--ok:#0b6b3a;--ok-wash:#e3f5ea;--calm-wash:#eceff4;--tone-wash:#e6effb;--quote:#f7f6f2;--quote-line:#b9b3a2;--shadow:0 1px 2px rgb(20 30 50/.06),0 8px 24px rgb(20 30 50/.05)}
@media (prefers-color-scheme:dark){:root{--ground:#101216;--card:#1a1d23;--ink:#eef0f3;--soft:#a5adba;--line:#2e333c;--tone:#8db8ff;--go:#2f6fd0;--no:#ff9d94;--no-wash:#3a1c1a;--warn:#ffcf80;--warn-wash:#35280f;--ok:#6fd79c;--ok-wash:#12301f;--calm-wash:#2a2f38;--tone-wash:#1b2c48;--quote:#22211d;--quote-line:#6d6858;--shadow:none}}
*{box-sizing:border-box;margin:0}
body{background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","WenQuanYi Zen Hei",sans-serif;-webkit-text-size-adjust:100%;min-height:100vh;overflow-wrap:anywhere}
a{color:var(--tone);text-underline-offset:3px}
:focus-visible{outline:3px solid var(--tone);outline-offset:3px;border-radius:6px}
#live:focus,main:focus{outline:none}
.skip{position:absolute;left:16px;top:-60px;padding:8px 14px;background:var(--card);border-radius:8px;z-index:2}
.skip:focus{top:8px}
.quiet{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.band{padding:8px 16px;text-align:center;font-weight:700;color:#1a1400;background:repeating-linear-gradient(135deg,#ffc53d 0 18px,#ffd666 18px 36px)}
.top{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:8px 16px;max-width:1080px;margin:0 auto;padding:14px 20px}
.brand a{display:inline-flex;align-items:center;gap:.5em;color:var(--ink);font-weight:700;text-decoration:none}
.brand span:last-child{font-weight:400;color:var(--soft)}
.mark{display:inline-grid;place-items:center;width:28px;height:28px;border-radius:8px;background:#1f3a5f;color:#fff;font-size:16px}
.tools{display:flex;align-items:center;gap:4px}
.tool{font:inherit;font-size:15px;color:var(--soft);background:none;border:0;border-radius:8px;padding:8px 10px;min-height:40px;cursor:pointer;text-decoration:none}
.tool:hover{color:var(--ink);background:var(--calm-wash)}
main{max-width:1080px;margin:0 auto;padding:4px 20px 56px}
h1{font-size:26px;line-height:1.3;letter-spacing:-.01em}
h2{font-size:18px;line-height:1.4}
h3{font-size:17px;line-height:1.4}
.soft{color:var(--soft)}
.small,small{font-size:14px}
.number,.sum{font-variant-numeric:tabular-nums}
.live{display:grid;gap:28px;margin-top:16px}
.live>section{min-width:0}
.card{background:var(--card);border-radius:16px;box-shadow:var(--shadow);border:1px solid var(--line);padding:20px 22px;min-width:0}
.narrow{max-width:440px;margin:6vh auto 0}
.narrow>*+*{margin-top:12px}
.plain{padding:28px 24px}
.row{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:6px 16px}
.stack{display:grid;gap:8px}
.stack .button{margin-top:6px}
.card>.stack{max-width:420px;margin-top:12px}
.or{text-align:center}
.rows{list-style:none;padding:0;margin:6px 0 12px}
.rows li{padding:12px 0;border-top:1px solid var(--line)}
.rows li:first-child{border-top:0}
.rows .button{min-height:40px;padding:6px 14px}
[hidden]{display:none!important}
label{font-weight:600;font-size:15px}
input:not([type=hidden]),select{width:100%;font:inherit;color:inherit;background:var(--ground);border:1px solid var(--soft);border-radius:10px;padding:10px 12px;min-height:46px}
.button{display:inline-block;font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer;border-radius:12px;border:1.5px solid transparent;padding:10px 20px;min-height:46px;line-height:1.45}
.go{background:var(--go);color:var(--go-ink)}
.no{background:transparent;color:var(--no);border-color:currentColor}
.plainly{background:transparent;color:var(--ink);border-color:var(--soft)}
.go:hover{filter:brightness(1.08)}
.no:hover{background:var(--no-wash)}
.plainly:hover{background:var(--calm-wash)}
.wide{display:block;width:100%}
.note{padding:10px 14px;border-radius:10px;margin-top:12px;background:var(--calm-wash)}
.warn{background:var(--warn-wash);color:var(--warn)}
.bad{background:var(--no-wash);color:var(--no)}
.command{padding:12px 14px;border-radius:10px;background:var(--calm-wash);overflow-x:auto;white-space:pre-wrap}
code,.number{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"WenQuanYi Zen Hei Mono",monospace}
.amount,.amount span,.sum,.time .number,time.number,.sums .number{font-family:inherit}
.count{display:inline-block;min-width:1.7em;padding:0 .5em;border-radius:1em;background:var(--tone-wash);color:var(--tone);font-size:15px;text-align:center}
.items{list-style:none;padding:0;display:grid;gap:14px;margin-top:12px}
.item>*+*{margin-top:8px}
.item .sum{font-size:24px;font-weight:700;margin-inline-start:4px}
.past .sum{font-size:18px}
.past .card{padding:14px 18px;box-shadow:none}
.kind,.badge{display:inline-block;white-space:nowrap;padding:3px 11px;border-radius:1em;font-size:14px;line-height:1.45;font-weight:600;vertical-align:middle}
.kind.refund{background:var(--warn-wash);color:var(--warn)}
.kind.payment{background:var(--tone-wash);color:var(--tone)}
.badge{background:var(--calm-wash);color:var(--soft)}
.badge.pending{background:var(--warn-wash);color:var(--warn)}
.badge.approved,.badge.used{background:var(--ok-wash);color:var(--ok)}
.badge.denied,.badge.failed,.badge.lapsed{background:var(--no-wash);color:var(--no)}
.said{padding:6px 12px;border-left:3px solid var(--quote-line);background:var(--quote);font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"WenQuanYi Zen Hei Mono",monospace;font-size:15px;overflow:hidden}
.empty{margin-top:12px;text-align:center;padding:36px 20px}
.time b{font-size:20px;line-height:1.3;color:var(--tone)}
.freeze{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:14px 24px;padding:16px 22px;border-radius:16px;border:2px solid var(--no);background:var(--no-wash)}
.freeze>div{flex:1 1 260px}
.freeze .title{color:var(--no);font-size:18px;font-weight:700}
.freeze .button{background:var(--card)}
.stop{margin-top:36px;padding-top:22px;border-top:1px solid var(--line)}
.stop form{display:flex;flex-wrap:wrap;align-items:end;gap:12px;margin-top:12px}
.stop form div{flex:1 1 240px;display:grid;gap:6px}
.back{margin-bottom:-4px}
.jump{display:none}
.case{display:grid;gap:18px;align-items:start}
.facts{display:grid;gap:18px;min-width:0}
.facts .card>*+*{margin-top:12px}
.verdict{min-width:0}
.amount{font-size:clamp(40px,11vw,60px);font-weight:750;line-height:1.15;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.amount.long{font-size:clamp(26px,7.4vw,46px)}
.amount span{font-size:.6em;margin-inline-end:.1em}
.amount,.sum,.sums .number,.time b,.button .sum{white-space:nowrap}
.facts .card>.capitals{margin-top:2px;color:var(--soft);font-size:15px}
.bar{display:none}
.foreign{border:1px dashed var(--quote-line);border-radius:10px;background:var(--quote);overflow:hidden}
.foreign figcaption{padding:7px 14px;font-size:14px;font-weight:600;border-bottom:1px dashed var(--quote-line)}
.foreign figcaption span{font-weight:400;color:var(--soft);margin-inline-start:.4em}
.foreign blockquote{padding:10px 14px;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"WenQuanYi Zen Hei Mono",monospace;white-space:pre-wrap;overflow:hidden}
.odd{padding:0 .3em;border-radius:4px;background:var(--warn-wash);color:var(--warn);font-size:max(13px,.85em)}
dl{display:grid}
dl>div{display:grid;grid-template-columns:minmax(7em,11em) 1fr;gap:2px 16px;padding:8px 0;border-top:1px solid var(--line)}
dl>div:first-child{border-top:0}
dt{color:var(--soft)}
dd{min-width:0}
.sums>div{grid-template-columns:1fr auto}
.sums .total{font-weight:700}
.sums .total dt{color:inherit}
.story{list-style:none;padding:0}
.story li{display:grid;grid-template-columns:6.2em 1fr;gap:0 10px;padding:5px 0}
.story time{color:var(--soft);font-variant-numeric:tabular-nums;font-size:14px;line-height:1.75}
.story .alarm{color:var(--no);font-weight:600}
.decide>*+*,.outcome>*+*{margin-top:14px}
.decide form+form{margin-top:20px;padding-top:18px;border-top:1px solid var(--line)}
.decide>.time{display:flex;justify-content:space-between;align-items:baseline;padding:8px 14px;border-radius:10px;background:var(--tone-wash)}
.decide>.time b{font-size:26px}
.outcome{border-top:5px solid var(--soft)}
.outcome.approved,.outcome.used{border-top-color:var(--ok)}
.outcome.denied,.outcome.failed,.outcome.lapsed{border-top-color:var(--no)}
.outcome.held{border-top-color:var(--warn)}
.outcome h1{font-size:24px}
@media (min-width:900px){.case{grid-template-columns:minmax(0,1fr) 340px;gap:24px}.verdict{position:sticky;top:20px}.done .verdict{grid-column:2;grid-row:1}.done .facts{grid-column:1;grid-row:1}}
@media (max-width:560px){main,.top{padding-left:16px;padding-right:16px}.card{padding:18px 16px}dl:not(.sums)>div{grid-template-columns:6.2em 1fr}.item .button{display:block;flex:1 1 100%}.stop .button{width:100%}}
@media (max-width:899px){.jump{display:flex;justify-content:space-between;align-items:baseline}.bar{display:grid;grid-template-columns:auto 1fr;gap:12px;position:sticky;bottom:0;z-index:1;margin:0 -16px;padding:12px 16px calc(12px + env(safe-area-inset-bottom));background:var(--card);border-top:1px solid var(--line);box-shadow:0 -8px 24px rgb(20 30 50/.08)}.bar .button{padding:10px 14px}}
@media (max-width:430px){.brand span:last-child{display:none}.top{column-gap:8px}.tools{gap:0}.tool{padding-inline:6px}}
@media (prefers-contrast:more){.card{border-color:var(--soft)}}
@media (forced-colors:active){.go{border-color:ButtonText}}
${CONSOLE_STYLE}`;
