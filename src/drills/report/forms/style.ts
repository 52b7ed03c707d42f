/** How the page looks; the colours of regions are told apart on light and on dark, also by people who see fewer colours. */
export const style = `
:root { color-scheme: light dark; --ground: #fcfcfb; --ink: #0b0b0b; --quiet: #52514e; --line: #e1e0d9; --band: #d03b3b1c;
  --good: #006300; --bad: #b3261e; --region-0: #2a78d6; --region-1: #eb6834; --region-2: #1baf7a; --region-3: #eda100;
  --region-4: #4a3aa7; --region-5: #e87ba4; --failed: #d03b3b; --panel: #f4f3ef; }
@media (prefers-color-scheme: dark) { :root { --ground: #1a1a19; --ink: #ffffff; --quiet: #c3c2b7; --line: #383835;
  --band: #e667672e; --good: #0ca30c; --bad: #ff8a80; --region-0: #3987e5; --region-1: #d95926;
  --region-2: #199e70; --region-3: #c98500; --region-4: #9085e9; --region-5: #d55181; --failed: #e66767; --panel: #242422; } }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { margin: 4px 0; font-size: 26px; line-height: 1.25; } h2 { margin: 44px 0 12px; font-size: 19px; border-bottom: 1px solid var(--line); }
h3 { margin: 22px 0 6px; font-size: 15px; } p { max-width: 46em; } .description { margin: 4px 0 12px; color: var(--quiet); }
.outcome { display: inline-block; margin: 0; padding: 2px 12px; border-radius: 4px; font-weight: 700; color: #fff; background: #006300; }
.outcome.fail { background: #b3261e; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; margin: 0; font-size: 13px; }
dt { color: var(--quiet); } dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(215px, 1fr)); gap: 10px; margin: 14px 0; }
.figure { background: var(--panel); border-radius: 6px; padding: 10px 12px; } .figure > span { display: block; font-size: 12px; color: var(--quiet); }
.figure strong { display: block; font-size: 21px; line-height: 1.35; }
.load { max-width: none; font-size: 13px; margin: 0 0 14px; } .whole { white-space: nowrap; } a { color: inherit; }
table#lost-writes { min-width: 1080px; } .wide { overflow: auto; max-height: 460px; } thead th { position: sticky; top: 0; background: var(--ground); } table { border-collapse: collapse; font-size: 13px; width: 100%; margin: 8px 0; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--quiet); } th, td { padding: 3px 12px 3px 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word; hyphens: none; min-width: 4em; }
tr.good td:first-child { color: var(--good); } tr.bad td { color: var(--bad); font-weight: 600; } .none { color: var(--quiet); }
summary { cursor: pointer; color: var(--quiet); font-size: 13px; } pre { overflow-x: auto; background: var(--panel); padding: 12px; border-radius: 6px; font-size: 12.5px; }
.plot { display: block; width: 100%; height: auto; margin: 10px 0; } .plot text { fill: var(--quiet); font: 11px system-ui, sans-serif; }
.plot .title, .plot .label { fill: var(--ink); font-size: 12px; } .plot .label { font-size: 11px; } .grid { stroke: var(--line); stroke-width: 1; }
.band { fill: var(--band); } .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; } .dashed { stroke-dasharray: 4 3; stroke-width: 1.3; }
.failed { fill: var(--failed); } .span-load { fill: var(--quiet); opacity: .55; } .span-fault { fill: var(--failed); } .span-down { fill: var(--region-3); }
.legend { font-size: 12px; color: var(--quiet); } .legend span { margin-right: 16px; } .legend i { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin-right: 5px; vertical-align: -1px; }
.band-key { background: var(--band); outline: 1px solid var(--line); }
${[0, 1, 2, 3, 4, 5].map((n) => `.line.region-${n} { stroke: var(--region-${n}); } .served.region-${n}, .dot.region-${n} { fill: var(--region-${n}); } i.region-${n} { background: var(--region-${n}); }`).join('\n')}
@media (max-width: 560px) { main { padding: 14px 12px 48px; } .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 8px; } .figure { padding: 8px; } .figure strong { font-size: 18px; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 6px; } .whole { white-space: normal; overflow-wrap: anywhere; } td .whole, td.whole, th { white-space: nowrap; } }
@media print { :root { color-scheme: light; --ground: #fff; --ink: #000; --quiet: #444; --line: #bbb; --panel: #fff; } @page { margin: 14mm; } body { font-size: 11px; } main { max-width: none; padding: 0; }
  .figures { grid-template-columns: repeat(4, 1fr); } .figure { border: 1px solid var(--line); } table#lost-writes { min-width: 0; } .wide { max-height: none; overflow: visible; } thead { display: table-header-group; } thead th { position: static; }
  tr, .plot, .figure, h2, h3 { break-inside: avoid; } h2, h3 { break-after: avoid; } pre { white-space: pre-wrap; } .outcome { border: 1px solid #000; color: #000; background: #fff; } table { font-size: 10px; } }
`
