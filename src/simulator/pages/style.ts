/** The one style sheet: phone first, a wider column on desktops, a wallet's colour per theme. */
export const STYLE = `
*{box-sizing:border-box}
:root{color-scheme:light dark;--accent:#334155;--link:#334155;--soft:#f1f5f9;--ground:#f4f5f7;--card:#fff;--ink:#1f2329;--mid:#4b5563;--dim:#656c76;--line:#ebedf0;--edge:#868d97;--blue:#0958d9;--blue-wash:#e8f1ff;--green:#067a3f;--green-wash:#e1f7ea;--amber:#8a5a00;--amber-wash:#fff3d6;--grey-wash:#eef0f3;--clock:#b84300}
@media(prefers-color-scheme:dark){:root{--link:#9db4d6;--soft:#262c36;--ground:#101216;--card:#1b1e24;--ink:#f0f2f5;--mid:#c3cad5;--dim:#a0a9b7;--line:#2d323b;--edge:#6b7480;--blue:#7fb2ff;--blue-wash:#1a2c48;--green:#3ddc87;--green-wash:#12331f;--amber:#ffc766;--amber-wash:#3a2c10;--grey-wash:#2a2f38;--clock:#ff9d5c}}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"PingFang SC","Noto Sans CJK SC","WenQuanYi Zen Hei","Microsoft YaHei",sans-serif;-webkit-text-size-adjust:100%}
.simulated{margin:0;padding:8px 16px;background:repeating-linear-gradient(-45deg,#ffd84d 0 18px,#ffcf24 18px 36px);color:#3d2f00;display:flex;gap:4px 12px;justify-content:center;align-items:baseline;flex-wrap:wrap;text-align:center;font-size:13px}
.simulated,.simulated strong{color:#3d2f00}
.simulated strong{font-size:16px;letter-spacing:.06em}
small,.en{color:var(--dim);font-size:13px;font-weight:400}
a{color:var(--link)}
.wallet{background:var(--accent);color:#fff;padding:14px 16px}
.wallet>div{max-width:460px;margin:0 auto;display:flex;align-items:center;gap:10px;font-size:18px;font-weight:600}
.wallet .mark{width:32px;height:32px;border-radius:9px;background:#fff;color:var(--accent);display:grid;place-items:center;font-size:18px}
.wallet .en{color:#fff;margin-left:auto}
.card{max-width:460px;margin:0 auto;background:var(--card);padding:28px 20px 24px}
.payee{text-align:center;font-size:16px;font-weight:400;margin:16px 0;color:var(--mid);overflow-wrap:anywhere}
.amount{text-align:center;white-space:nowrap;font-size:min(46px,11vw);font-weight:700;line-height:1.2;margin:6px 0 2px;font-variant-numeric:tabular-nums;letter-spacing:-.5px}
.amount i{font-style:normal;font-size:28px;margin-right:4px}
.clock{text-align:center;color:var(--dim);font-size:14px;margin:0 0 20px}
.clock b{color:var(--clock);font-variant-numeric:tabular-nums;font-weight:600}
dl{margin:0 0 24px;border-top:1px solid var(--line)}
dl div{display:flex;gap:16px;justify-content:space-between;padding:11px 0;border-bottom:1px solid var(--line)}
dt{color:var(--dim);flex:none}
dd{margin:0;text-align:right;overflow-wrap:anywhere;min-width:0}
dl .long{display:block}
dl .long dd{text-align:left;margin-top:2px}
.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:14px}
form{margin:0}
button,.button{display:block;width:100%;padding:13px 16px;border:1px solid transparent;border-radius:10px;font:inherit;font-size:17px;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}
.go{background:var(--accent);color:#fff}
.go small{color:#fff}
.go:hover{filter:brightness(.94)}
.no{background:var(--card);border-color:var(--edge);color:var(--mid);margin-top:12px;font-weight:400}
.no:hover{background:var(--soft)}
button:focus-visible,.button:focus-visible,input:focus-visible,a:focus-visible{outline:3px solid #ff9f1a;outline-offset:2px}
.sign{width:64px;height:64px;border-radius:50%;display:grid;place-items:center;margin:0 auto 12px;font-size:34px;font-weight:700;color:#fff;background:var(--accent)}
.sign.bad{background:#b45309}
.result{text-align:center;font-size:20px;font-weight:600;margin:0}
.why{text-align:center;color:var(--mid);margin:10px 0 22px;overflow-wrap:anywhere}
.hint{background:var(--soft);border-radius:10px;padding:10px 14px;font-size:14px;color:var(--mid);margin:0 0 18px}
footer{margin:20px 16px 32px;text-align:center;font-size:14px}
@media(min-width:600px){
.wallet{padding:16px}
.card{margin:32px auto;border-radius:16px;padding:32px 32px 28px;box-shadow:0 8px 30px #1f232914}
}
.home{max-width:1040px;margin:0 auto;padding:20px 16px 56px}
header.home{padding-bottom:0}
main.home{padding-top:0}
.home h1{font-size:24px;margin:8px 0 2px}
.home h2{font-size:18px;margin:32px 0 10px}
.home p{margin:4px 0}
.box{background:var(--card);border-radius:12px;padding:14px 16px;box-shadow:0 1px 3px #1f232914}
.scan{display:flex;gap:10px}
.scan input{flex:1;min-width:0;padding:11px 12px;border:1px solid var(--edge);border-radius:10px;font:inherit}
.scan button{width:auto;padding:11px 20px;font-size:16px;flex:none}
.orders{list-style:none;margin:0;padding:0;display:grid;gap:10px}
.orders li{display:grid;grid-template-columns:1fr auto;gap:2px 14px;align-items:center}
.orders .title{font-weight:600;overflow-wrap:anywhere}
.orders .sum{text-align:right;font-weight:700;font-variant-numeric:tabular-nums;white-space:nowrap}
.orders .facts{color:var(--dim);font-size:13px;overflow-wrap:anywhere}
.orders .act{text-align:right;font-size:14px}
.tag{display:inline-block;border-radius:6px;padding:0 7px;font-size:13px;line-height:20px;font-weight:600;background:var(--grey-wash);color:var(--mid);white-space:nowrap;vertical-align:1px}
.tag.PAID{background:var(--green-wash);color:var(--green)}
.tag.NOTPAY{background:var(--amber-wash);color:var(--amber)}
.tag.CLOSED{background:var(--grey-wash);color:var(--mid)}
table{width:100%;border-collapse:collapse;font-size:14px}
th,td{text-align:left;padding:8px 10px 8px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--dim);font-weight:400}
td code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:13px;white-space:nowrap}
td .en{display:block}
@media(max-width:599px){
.scan{flex-wrap:wrap}
.scan input{flex-basis:100%}
.scan button{width:100%}
table,tbody,tr,td{display:block}
thead{display:none}
tr{border-bottom:1px solid var(--line);padding:9px 0}
td{border:0;padding:1px 0}
td code{white-space:normal;overflow-wrap:anywhere}
}
`;
