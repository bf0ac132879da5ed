import { WALLETS } from '../providers/registry.ts';

/** By which the bars of a chart are told apart, by day and by night. */
export const CHART_COLOURS = WALLETS.map(({ id, page: { colours, inChart } }) => ({
  ...{ id, light: colours.strong, dark: colours.dark.tone },
  ...inChart,
}));

/** How the console's own parts look: what is shown in numbers, lists and drawings. */
export const CONSOLE_STYLE = `.rooms{flex:1 1 100%;min-width:0;border-bottom:1px solid var(--line)}
.rooms ul{display:flex;flex-wrap:wrap;gap:2px;list-style:none;padding:0}
.rooms a{display:block;padding:10px 14px;min-height:44px;color:var(--soft);text-decoration:none;border-bottom:3px solid transparent;margin-bottom:-1px}
.rooms a:hover{color:var(--ink)}
.rooms [aria-current]{color:var(--ink);font-weight:700;border-bottom-color:var(--tone)}
.reload{padding:8px 4px}
h2 small{font-weight:400;margin-inline-start:.6em}
.tiles{list-style:none;padding:0;display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:14px}
.tile{display:grid;gap:2px;height:100%;align-content:start;color:var(--ink);text-decoration:none}
.tile .name{font-weight:600;color:var(--soft)}
.tile b{font-size:clamp(20px,3.2vw,30px);line-height:1.25;letter-spacing:-.01em}
.tile:hover{border-color:var(--soft)}
.tile[aria-current]{border-color:var(--tone);box-shadow:inset 0 0 0 1px var(--tone)}
.tile[aria-current] .name{color:var(--tone)}
h1+nav{margin-top:12px}
.chips{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:10px}
.chip{display:inline-block;padding:8px 16px;min-height:40px;border-radius:1.4em;background:var(--calm-wash);color:var(--ink);text-decoration:none}
.chip.pending{background:var(--warn-wash);color:var(--warn)}
.chip:hover{text-decoration:underline}
.pair{display:grid;gap:18px;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));align-items:start}
.card>h2+*,.card>.row+*{margin-top:10px}
.chart{position:relative}
.chart svg{display:block;width:100%;height:180px;margin-top:4px}
.chart .day{fill:transparent}
.chart g:hover .day{fill:var(--calm-wash)}
.chart .axis{fill:var(--soft)}
.chart .pays{fill:var(--soft)}
.chart .gave,.key.gave{fill:var(--warn);background:var(--warn)}
${CHART_COLOURS.map(({ id, light }) => `.chart .${id},.key.${id}{fill:${light};background:${light}}`).join('\n')}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:14px}
.key{display:inline-block;width:12px;height:12px;border-radius:3px;margin-inline-end:6px;background:var(--soft)}
.chart .peak{margin-top:8px}
.axes{display:flex;justify-content:space-between;margin-top:4px;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
.scroll:focus-visible{outline-offset:0}
.sums-table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
.sums-table th,.sums-table td{padding:8px 0 8px 14px;text-align:end;white-space:nowrap;border-top:1px solid var(--line);font-weight:400}
.sums-table th:first-child{padding-inline-start:0;text-align:start;white-space:normal;overflow-wrap:anywhere;min-width:5.4em}
.sums-table thead th{color:var(--soft);font-size:14px;border-top:0}
.sums-table tfoot th,.sums-table tfoot td{font-weight:700;border-top:2px solid var(--line)}
.search{display:grid;gap:8px;margin-top:14px}
.search .line{display:flex;flex-wrap:wrap;align-items:end;gap:10px}
.search .line p{flex:1 1 240px;display:grid;gap:4px}
.search .fields{display:grid;gap:12px;grid-template-columns:repeat(auto-fit,minmax(min(100%,180px),1fr));padding-top:6px}
.search .fields p{display:grid;gap:4px;align-content:start}
summary{cursor:pointer;color:var(--tone);padding:8px 0;min-height:40px}
.orders{list-style:none;padding:4px 22px;margin-top:10px}
.orders li{display:grid;grid-template-columns:minmax(0,1fr) 8.5em 10.5em 9.2em;grid-template-areas:"title when how much" "about when how much";gap:2px 16px;align-items:center;padding:12px 0;border-top:1px solid var(--line);position:relative}
.orders li:first-child{border-top:0}
.orders .title{grid-area:title;color:var(--ink);font-weight:600;text-decoration:none;overflow:hidden;text-overflow:ellipsis;display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:2}
.orders .title::after{content:"";position:absolute;inset:0}
.orders li:hover .title{text-decoration:underline}
.orders .about{grid-area:about}
.orders .when{grid-area:when}
.orders .when small{display:none}
.orders .how{grid-area:how}
.orders .much{grid-area:much;display:grid;text-align:end}
.orders .much b{font-size:18px}
.back-sum{color:var(--no);white-space:nowrap}
.badge.is-paid{background:var(--ok-wash);color:var(--ok)}
.badge.is-notpay{background:var(--tone-wash);color:var(--tone)}
.badge.is-unknown,.badge.is-pending_approval{background:var(--warn-wash);color:var(--warn)}
.badge.is-denied{background:var(--no-wash);color:var(--no)}
.pages{display:flex;flex-wrap:wrap;gap:12px;margin-top:16px}
.two{display:grid;gap:18px;align-items:start}
.two>div{display:grid;gap:18px;min-width:0}
.two .card>*+*{margin-top:12px}
.two .live{margin-top:0}
.back+.two{margin-top:14px}
.callers{margin-top:12px}
.callers h4{font-size:15px;color:var(--soft);margin-top:10px}
.given{list-style:none;padding:0}
.given li{display:grid;gap:4px;padding:12px 0;border-top:1px solid var(--line)}
.given li:first-child{border-top:0;padding-top:0}
.meter{display:block;width:100%;height:10px;margin-top:6px;border-radius:5px;overflow:hidden;background:var(--calm-wash)}
.meter rect{fill:var(--tone)}
.meter .near{fill:var(--warn)}
.meter .full{fill:var(--no)}
.limits{list-style:none;padding:0}
.limits li{padding:10px 0;border-top:1px solid var(--line)}
.limits li:first-child{border-top:0}
@media (prefers-color-scheme:dark){${CHART_COLOURS.map(({ id, dark }) => `.chart .${id},.key.${id}{fill:${dark};background:${dark}}`).join('')}}
@media (min-width:900px){.two{grid-template-columns:minmax(0,1fr) 360px;gap:24px}.rooms{margin-top:-4px}}
@media (max-width:860px){.orders li{grid-template-columns:minmax(0,1fr) auto;grid-template-areas:"title much" "about how" "when how"}.orders .how{text-align:end;align-self:start}}
@media (max-width:480px){.long .mid-up{display:none}.orders li{grid-template-areas:"title much" "about about" "when how"}}
@media (max-width:560px){.rooms ul{flex-wrap:nowrap;overflow-x:auto;scrollbar-width:none}.rooms a{white-space:nowrap}}
@media (max-width:640px){.tiles{grid-template-columns:1fr;gap:10px}.tile{grid-template-columns:1fr auto;align-items:baseline;padding:14px 16px}.tile b{font-size:22px;text-align:end}.tile .name{grid-column:1}.orders{padding:4px 16px}.wide-only{display:none}.rooms a{padding:10px 9px}.chart svg{height:140px}.search .line .button{flex:1 1 100%}}
@media (max-width:380px){.mid-up{display:none}}
@media (max-width:400px){.sums-table th,.sums-table td{padding-inline-start:8px;font-size:14px}.rooms a{padding:10px 7px;font-size:15px}}
@media (max-width:360px){.long th,.long td{padding-inline-start:4px;font-size:13px}.long th:first-child{min-width:4em}}
@media (min-width:1600px){main,.top{max-width:1280px}}
@media (forced-colors:active){.chart .pays,.chart .gave,.key{forced-color-adjust:none}}
`;
