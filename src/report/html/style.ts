/** The one style sheet: system fonts, one scale, one warm colour for what leaks, one cool for what holds. */
export const styleSheet = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --raised: #f3f1ec; --ink: #1d1c1a; --quiet: #625f58; --line: #dedad2;
  --warm: #ad3209; --warm-wash: #fbe9e1; --cool: #17606b; --cool-wash: #e2eff0; --hatch: #8b877e;
  --sans: ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171a; --raised: #1e2125; --ink: #ebe9e4; --quiet: #a5a29a; --line: #343840;
    --warm: #ff9166; --warm-wash: #3a2219; --cool: #77c9d3; --cool-wash: #17313a; --hatch: #7d8087;
  }
}
* { box-sizing: border-box; }
html { background: var(--paper); scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2.25rem clamp(1rem, 4vw, 3rem) 5rem; max-width: 72rem;
  color: var(--ink); font: 16px/1.5 var(--sans); font-variant-numeric: tabular-nums; overflow-wrap: break-word;
}
a { color: inherit; text-decoration-color: var(--hatch); text-underline-offset: .2em; }
a:hover { text-decoration-color: currentColor; }
:focus-visible { outline: 2px solid var(--cool); outline-offset: 2px; border-radius: 3px; }
code, pre, .mono { font-family: var(--mono); font-size: .8125rem; line-height: 1.55; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 2; }
h1, h2, h3, h4 { line-height: 1.2; text-wrap: balance; margin: 0; }
p { margin: 0; max-width: 44rem; }
.quiet { color: var(--quiet); }
.warm { color: var(--warm); }
.cool { color: var(--cool); }
.small { font-size: .875rem; }
.broken-why { max-width: 52rem; margin-top: .5rem; padding-left: 0; list-style: none; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--paper); padding: .5rem; }

/* head */
.top { display: flex; flex-wrap: wrap; gap: .25rem 1rem; justify-content: space-between; color: var(--quiet); font-size: .875rem; margin-bottom: 2.25rem; }
.top b { color: var(--ink); font-weight: 600; }
h1 { font-size: clamp(1.75rem, 4.6vw, 2.75rem); font-weight: 650; letter-spacing: -.022em; line-height: 1.12; max-width: 24ch; }
.lead { margin-top: 1rem; font-size: 1.0625rem; color: var(--quiet); }
.figures { display: grid; grid-template-columns: repeat(4, 1fr); gap: 0; margin: 2.25rem 0 0; border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); }
.figures > div { padding: 1rem 1rem 1.1rem; border-left: 1px solid var(--line); display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.figures > div:first-child { border-left: 0; padding-left: 0; }
.figures dt { color: var(--quiet); font-size: .875rem; line-height: 1.35; }
.figures dd { margin: 0 0 .25rem; font-size: clamp(1.6rem, 3.4vw, 2.25rem); font-weight: 600; letter-spacing: -.02em; line-height: 1.1; white-space: nowrap; }
.figures .was { color: var(--quiet); font-weight: 400; }
nav { display: flex; flex-wrap: wrap; gap: .35rem 1.25rem; margin-top: 1.25rem; font-size: .875rem; }
nav a { color: var(--quiet); }
section { margin-top: 4rem; }
section > h2 { font-size: 1.375rem; font-weight: 650; letter-spacing: -.012em; }
section > h2 + p { margin-top: .4rem; color: var(--quiet); }
section > h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; }

/* tables of figures */
table { border-collapse: collapse; width: 100%; }
.ledger { max-width: 40rem; margin-top: 1.25rem; }
.ledger th, .ledger td { text-align: left; padding: .5rem 0; border-bottom: 1px solid var(--line); font-weight: 400; }
.ledger td, .ledger thead th:not(:first-child) { text-align: right; width: 6.5rem; }
.ledger thead th { color: var(--quiet); font-size: .875rem; padding-top: 0; }
.ledger td:last-child { font-weight: 650; }
.scroll { overflow-x: auto; }

/* before and after */
.times > .switch { display: inline-flex; margin: 1.25rem 0 .25rem; border: 1px solid var(--line); border-radius: 8px; padding: 2px; font-size: .875rem; }
.times > .switch label { padding: .3rem .8rem; border-radius: 6px; cursor: pointer; color: var(--quiet); }
.times > .switch input { position: absolute; opacity: 0; width: 1px; height: 1px; }
.times > .switch label:has(input:checked) { background: var(--raised); color: var(--ink); font-weight: 600; }
.times > .switch label:has(input:focus-visible) { outline: 2px solid var(--cool); }
.times:has(input[value="before"]:checked) > .after, .times:has(input[value="after"]:checked) > .before { display: none; }
.times > .before > h3, .times > .after > h3 { display: none; }

/* the map */
.map { margin: 1.25rem 0 0; }
.map svg { display: block; width: 100%; height: auto; font: 13px var(--sans); }
.map svg.narrow { display: none; font-size: 11.5px; }
.map .heads text { fill: var(--quiet); font-size: 12px; }
.map .edge { stroke: var(--line); }
.map .narrow .edge.quiet { stroke-width: .6; }
.map .edge.leak { stroke: var(--warm); }
.map .edge.unknown { stroke: var(--hatch); stroke-dasharray: 4 3; }
.map .node rect { fill: transparent; }
.map .node text { fill: var(--quiet); paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
.map .node circle { fill: var(--hatch); }
.map .node.leak text { fill: var(--ink); font-weight: 600; }
.map .node.leak circle { fill: var(--warm); }
.map .node.unknown circle { fill: var(--paper); stroke: var(--hatch); stroke-width: 2; }
.map .node.file text { font-family: var(--mono); font-size: 11px; font-weight: 400; }
.map a.node { text-decoration: none; }
.map .node:hover text { fill: var(--ink); text-decoration: underline; text-underline-offset: .2em; }
.map .node:focus-visible { outline: none; }
.map .node:focus-visible rect { stroke: var(--cool); stroke-width: 2; rx: 4; }
.map.following .edge { opacity: .22; }
.map.following .node { opacity: .35; }
.map.following .on { opacity: 1; }
.map.following .edge.on.quiet { stroke: var(--cool); stroke-width: 1.75; }
.legend { display: flex; flex-wrap: wrap; gap: .35rem 1.25rem; margin-top: .85rem; color: var(--quiet); font-size: .875rem; align-items: center; }
.legend span { display: inline-flex; gap: .45rem; align-items: center; }
.line { width: 1.6rem; border-top: 2px solid var(--line); }
.line.leak { border-color: var(--warm); border-top-width: 3px; }
.line.unknown { border-top-style: dashed; border-color: var(--hatch); }
.line.quiet { border-color: var(--hatch); border-top-width: 1px; }
.trail { position: sticky; bottom: .75rem; z-index: 1; max-height: min(48vh, 32rem); overflow: auto; margin-top: 1rem; padding: 1rem 1.25rem; background: var(--raised); border: 1px solid var(--line); border-radius: 10px; box-shadow: 0 8px 32px rgb(0 0 0 / .16); }
.trail[hidden] { display: none; }
.trail > header { display: flex; justify-content: space-between; gap: 1rem; align-items: baseline; }
.trail ul { margin-top: .5rem; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
button.link { text-decoration: underline; text-decoration-color: var(--hatch); text-underline-offset: .2em; color: var(--quiet); }
.trail button { color: var(--quiet); text-decoration: underline; font-size: .875rem; }

/* paths */
.paths { list-style: none; padding: 0; margin: 1rem 0 0; }
.paths > li { padding: .7rem 0; border-top: 1px solid var(--line); }
.paths .head { display: flex; flex-wrap: wrap; gap: .1rem .75rem; align-items: baseline; }
.paths .head b { font-weight: 600; }
.steps { list-style: none; counter-reset: step; margin: .9rem 0 0; padding: 0; }
.steps > li { counter-increment: step; position: relative; padding: 0 0 .85rem 2.1rem; }
.steps > li::before { content: counter(step); position: absolute; left: 0; top: .1rem; width: 1.4rem; height: 1.4rem; border-radius: 50%; border: 1px solid var(--hatch); color: var(--quiet); font-size: .75rem; line-height: 1.3rem; text-align: center; background: var(--paper); }
.steps > li::after { content: ""; position: absolute; left: .7rem; top: 1.5rem; bottom: -.1rem; border-left: 1px solid var(--line); }
.steps > li:last-child::after { display: none; }
.steps.leaks > li.sink::before { border-color: var(--warm); color: var(--warm); font-weight: 700; }
.steps.isolated > li.sink::before { border-color: var(--cool); color: var(--cool); }
.steps .where { color: var(--quiet); font-family: var(--mono); font-size: .8125rem; overflow-wrap: anywhere; }
.steps .what { display: flex; flex-wrap: wrap; gap: 0 .9rem; justify-content: space-between; align-items: baseline; }
.steps pre { color: var(--quiet); }
.steps .sql { color: var(--ink); margin-top: .35rem; }
mark { background: var(--warm-wash); color: var(--warm); font-weight: 600; border-bottom: 2px solid var(--warm); padding: 0 .1em; }
.remark { color: var(--warm); font-size: .875rem; margin-top: .2rem; }

/* the matrix */
.filter-bar { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin-top: 1rem; font-size: .875rem; }
.filter-bar[hidden] { display: none; }
.filter-bar input { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--hatch); border-radius: 6px; padding: .2rem .5rem; width: 12rem; max-width: 100%; }
.chip { display: inline-flex; align-items: center; gap: .4rem; border: 1px solid var(--line); border-radius: 999px; padding: .15rem .7rem .15rem .3rem; }
.later { margin-top: .75rem; }
.later .chip { padding: .25rem .9rem; }
.chip:hover { border-color: var(--ink); }
.chip[aria-pressed="true"] { border-color: var(--ink); background: var(--raised); font-weight: 600; }
.leak-links { margin-top: .75rem; max-width: none; font-size: .8125rem; line-height: 1.9; }
.leak-links a { display: inline-block; font-family: var(--mono); color: var(--warm); border: 1px solid var(--warm); border-radius: 4px; padding: 0 .4rem; margin-right: .15rem; line-height: 1.5; text-decoration: none; overflow-wrap: anywhere; }
.leak-links a:hover { background: var(--warm-wash); }
.matrix .object { scroll-margin-top: 4.5rem; }
.matrix .object:target th { color: var(--warm); font-weight: 600; }
.grid-scroll { margin-top: 1rem; max-height: 88vh; overflow: auto; border: 1px solid var(--line); border-radius: 8px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.matrix { width: 100%; border-collapse: separate; border-spacing: 0; font-size: .875rem; }
.matrix th { font-weight: 400; text-align: left; }
.matrix thead th { position: sticky; background: var(--raised); z-index: 2; padding: .2rem .25rem; }
.matrix thead tr:first-child th { top: 0; height: 1.9rem; }
.matrix thead tr:nth-child(2) th { top: 1.9rem; border-bottom: 1px solid var(--line); }
.matrix thead .corner { left: 0; z-index: 3; padding-left: .75rem; vertical-align: bottom; border-bottom: 1px solid var(--line); color: var(--quiet); font-size: .75rem; }
.matrix thead .who { font-weight: 600; border-left: 1px solid var(--line); padding-left: .6rem; white-space: nowrap; }
.matrix thead .what { color: var(--quiet); font-size: .75rem; text-align: center; }
.matrix .first { border-left: 1px solid var(--line); }
.matrix .group th { padding: .55rem .75rem .2rem; color: var(--quiet); font-size: .8125rem; border-top: 1px solid var(--line); }
.matrix tbody:first-of-type .group th { border-top: 0; }
.matrix .group span { position: sticky; left: .75rem; }
.matrix .group b { font-weight: 600; color: var(--ink); margin-left: .35rem; }
.matrix .object th { position: sticky; left: 0; z-index: 1; background: var(--paper); padding: 0 .75rem; white-space: nowrap; max-width: 18rem; overflow: hidden; text-overflow: ellipsis; font-family: var(--mono); font-size: .8125rem; }
.matrix .object:hover th, .matrix .object:focus-within th { color: var(--cool); }
.matrix td { padding: 1px; }
.cell { display: flex; align-items: center; justify-content: center; gap: .3rem; width: 100%; min-width: 4.4rem; height: 1.5rem; border-radius: 4px; font: 400 .75rem/1 var(--sans); border: 1px solid transparent; }
.cell i, .sign { font: 700 .8125rem/1 var(--sans); }
.cell:hover { border-color: var(--ink); }
.cell:focus-visible { outline: 2px solid var(--ink); outline-offset: 1px; }
.sign { display: inline-grid; place-items: center; width: 1.35rem; height: 1.2rem; border-radius: 4px; border: 1px solid transparent; }
.cell.leaks, .sign.leaks { background: var(--warm); color: var(--paper); font-weight: 600; }
.cell.proved, .sign.proved { background: var(--cool); color: var(--paper); }
.cell.tried, .sign.tried { background: var(--cool-wash); color: var(--cool); }
.cell.bounded, .sign.bounded { background: var(--cool-wash); color: var(--cool); border: 1px dashed var(--cool); }
.cell.public, .sign.public { border-color: var(--line); color: var(--quiet); }
.cell.broken, .sign.broken { border: 1px dashed var(--warm); color: var(--warm); }
.cell.unknown, .sign.unknown { color: var(--ink); background: repeating-linear-gradient(135deg, var(--line) 0 3px, var(--paper) 3px 6px); }
.cell.unknown span { background: var(--paper); padding: 0 .15rem; border-radius: 2px; }
.actor { border-top: 1px solid var(--line); padding: .65rem 0; }
.actor p { margin: 0 0 .35rem; }
[popover] { border: 1px solid var(--line); border-radius: 12px; padding: 1.25rem 1.5rem; background: var(--paper); color: var(--ink); width: min(44rem, calc(100vw - 2rem)); max-height: 80vh; overflow: auto; box-shadow: 0 12px 48px rgb(0 0 0 / .28); }
[popover]::backdrop { background: rgb(0 0 0 / .35); }
[popover] h3 { font-size: 1.0625rem; margin-bottom: .35rem; }
[popover] .close { float: right; color: var(--quiet); text-decoration: underline; font-size: .875rem; }

/* findings */
.finding { border-top: 1px solid var(--line); }
.finding:last-of-type { border-bottom: 1px solid var(--line); }
.cause { border-left: 3px solid var(--warm); padding: .25rem 0 .25rem 1rem; margin: 1.25rem 0; }
.cause > h3 { font-size: 1.0625rem; }
.cause > p { margin-top: .35rem; }
.cause > details { margin-top: .5rem; }
.cause > details > summary { cursor: pointer; font-size: .875rem; color: var(--quiet); }
.finding > details > summary { list-style: none; cursor: pointer; padding: 1rem 0; display: grid; grid-template-columns: 2.2rem 1fr auto; gap: 0 .5rem; align-items: baseline; }
.finding > details > summary::-webkit-details-marker { display: none; }
.finding > details > summary h3 { font-size: 1.0625rem; font-weight: 600; }
.finding > details > summary:hover h3 { text-decoration: underline; text-decoration-color: var(--hatch); text-underline-offset: .2em; }
.finding .number { color: var(--quiet); }
.finding .state { font-size: .875rem; white-space: nowrap; }
.finding .meta { grid-column: 2 / -1; color: var(--quiet); font-size: .875rem; }
.finding .meta code { overflow-wrap: anywhere; }
.finding .body { padding: 0 0 2rem 2.7rem; }
.finding .body > p { margin-bottom: .25rem; }
.finding h4 { font-size: .9375rem; font-weight: 650; margin: 1.6rem 0 .5rem; }
.finding ul.notes { margin: 0; padding-left: 1.1rem; }
.finding ul.notes li { max-width: 44rem; }
.severity { font-weight: 600; }
.severity.critical, .severity.high { color: var(--warm); }
.exchange { display: grid; grid-template-columns: 1fr 1fr; gap: 1px; background: var(--line); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; margin-top: .5rem; }
.exchange > div { background: var(--paper); padding: .75rem .9rem; min-width: 0; }
.exchange > div > span, .box > span { display: block; color: var(--quiet); font-size: .8125rem; margin-bottom: .25rem; }
.exchange + p { margin-top: .4rem; }
.exchange .answer.leaked { background: var(--warm-wash); }
.exchange .answer.held { background: var(--cool-wash); }
.box { border: 1px solid var(--line); border-radius: 8px; padding: .75rem .9rem; margin-top: .5rem; }
.box pre { max-height: 30rem; overflow: auto; }
.diff { border: 1px solid var(--line); border-radius: 8px; padding: .6rem 0; margin-top: .6rem; overflow-x: auto; max-height: 40rem; }
.diff > pre { white-space: normal; min-width: max-content; }
.diff span { display: block; padding: 0 .9rem; white-space: pre; }
.diff .add { background: var(--cool-wash); color: var(--cool); }
.diff .del { background: var(--warm-wash); color: var(--warm); }
.diff .file { color: var(--ink); font-weight: 600; padding-top: .35rem; }
.diff .hunk { color: var(--quiet); }
.tries { list-style: none; padding: 0; margin: .6rem 0 0; display: grid; gap: .15rem; font-size: .9375rem; }
.tries li { display: grid; grid-template-columns: 1.3rem 11rem 1fr; gap: .25rem; }
.tries li > :last-child { color: var(--quiet); }
.filter { margin: 1rem 0 .25rem; display: flex; flex-wrap: wrap; gap: .4rem 1rem; font-size: .875rem; color: var(--quiet); }
.filter button { text-decoration: underline; text-decoration-color: var(--hatch); text-underline-offset: .2em; }
summary { cursor: pointer; }
.more { margin-top: 1.25rem; }
.more > summary { color: var(--quiet); font-size: .9375rem; }

/* lists */
.rows { width: 100%; font-size: .9375rem; margin-top: 1rem; }
.rows th { text-align: left; font-weight: 400; color: var(--quiet); font-size: .875rem; padding: 0 1rem .4rem 0; }
.rows td { vertical-align: top; padding: .5rem 1rem .5rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.rows td:last-child { padding-right: 0; }
.plain { list-style: none; padding: 0; margin: 1rem 0 0; }
.plain > li { padding: .55rem 0; border-top: 1px solid var(--line); }
.plain > li > p + p { color: var(--quiet); font-size: .875rem; }
footer { margin-top: 4rem; color: var(--quiet); font-size: .875rem; border-top: 1px solid var(--line); padding-top: 1rem; }

@media (max-width: 44rem) {
  body { padding-top: 1.25rem; }
  .figures { grid-template-columns: 1fr 1fr; }
  .figures > div:nth-child(odd) { border-left: 0; padding-left: 0; }
  .figures > div:nth-child(n+3) { border-top: 1px solid var(--line); }
  .map svg.wide { display: none; }
  .map svg.narrow { display: block; }
  .exchange { grid-template-columns: 1fr; }
  .finding > details > summary { grid-template-columns: 1.6rem minmax(0, 1fr); overflow-wrap: anywhere; }
  .finding .state { grid-column: 2; order: 3; }
  .finding .body { padding-left: 0; }
  .tries li { grid-template-columns: 1.3rem 1fr; }
  .tries li > :last-child { grid-column: 2; }
  .matrix .object th { max-width: 9.5rem; padding: 0 .4rem 0 .5rem; }
  .cell { min-width: 2rem; }
  .cell span { display: none; }
  .matrix thead .what { font-size: .6875rem; }
  .rows, .rows tbody, .rows tr, .rows td { display: block; }
  .rows thead { display: none; }
  .rows tr { border-top: 1px solid var(--line); padding: .5rem 0; }
  .rows td { border: 0; padding: 0; }
  .rows td[data-time]::before { content: attr(data-time); display: inline-block; width: 4rem; color: var(--quiet); font-size: .875rem; }
}
@media print {
  :root { --paper: #fff; --raised: #f6f5f2; --ink: #000; --quiet: #4c4a45; --line: #cfcbc3; --warm: #a22c05; --warm-wash: #fbe9e1; --cool: #12545e; --cool-wash: #e2eff0; color-scheme: light; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  nav, .skip, .filter, .filter-bar, .times > .switch, .trail, [popover] { display: none; }
  .times > .before, .times > .after { display: block !important; }
  .times > .before > h3, .times > .after > h3 { display: block; margin: 1rem 0 .25rem; font-size: 1rem; }
  .map svg.wide { display: block; }
  .map svg.narrow { display: none; }
  details::details-content { content-visibility: visible; block-size: auto; }
  details.more:not([open]) { display: none; }
  section { margin-top: 2rem; }
  h2, h3, h4, summary { break-after: avoid; }
  .exchange, .box, .steps > li, tr { break-inside: avoid; }
  .diff, .box pre { max-height: none; overflow: visible; }
  .diff span { white-space: pre-wrap; }
  .grid-scroll { max-height: none; overflow: visible; border: 0; }
  .matrix { font-size: 8pt; }
  .matrix thead { display: table-header-group; }
  .matrix thead th, .matrix .object th, .matrix .group span { position: static; }
  .matrix .object th { font-size: 7.5pt; max-width: 9rem; }
  .cell { min-width: 0; font-size: 7pt; height: 1.25rem; gap: .15rem; }
  .matrix .object[hidden], .matrix tbody[hidden] { display: none; }
  @page { margin: 16mm; }
}
@media (prefers-reduced-motion: no-preference) {
  .map .edge, .map .node { transition: opacity .15s; }
}
`;
