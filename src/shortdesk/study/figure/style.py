"""The style of the pages: two palettes, one column, tables that scroll by themselves, charts by the reader's width."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """\
:root { color-scheme: light dark;
  --ink: #1a1f26; --soft: #59636f; --rule: #d5dae1; --grid: #e8ebef; --paper: #ffffff; --card: #f5f7f9;
  --up: #0b7a5e; --down: #b0541f; --danger: #b3202c; --zone: #b3202c14; --line: #1f57b8; --good: #0b7a5e; }
@media (prefers-color-scheme: dark) { :root {
  --ink: #e5e9ee; --soft: #9aa5b1; --rule: #353e49; --grid: #262d36; --paper: #12161b; --card: #1a2027;
  --up: #3dbd97; --down: #e38a52; --danger: #ff6f6b; --zone: #ff6f6b1c; --line: #7fa8f0; --good: #3dbd97; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.2rem 1.2rem 3rem; max-width: 920px; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 0.7rem; padding-top: 0.9rem; border-top: 1px solid var(--rule); }
p { margin: 0.5rem 0; max-width: 70ch; }
.subtitle, .note, .unit, .when, footer { color: var(--soft); }
.subtitle { margin-top: 0.3rem; }
.note, footer, .key { font-size: 0.86rem; }
footer { margin-top: 2.5rem; padding-top: 0.8rem; border-top: 1px solid var(--rule); }
.verdict { max-width: none; margin: 1.2rem 0; padding: 0.8rem 1rem; border-left: 4px solid var(--line);
  background: var(--card); font-size: 1.08rem; }
.verdict.bad { border-color: var(--danger); } .verdict.good { border-color: var(--good); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: 0.7rem; margin: 1rem 0; }
.facts div { background: var(--card); padding: 0.6rem 0.8rem; border-radius: 4px; }
.facts dt { color: var(--soft); font-size: 0.84rem; } .facts dd { margin: 0; }
.facts dd:not(.note) { font-size: 1.15rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
.facts .bad dd:not(.note) { color: var(--danger); } .facts .good dd:not(.note) { color: var(--good); }
figure { margin: 1.2rem 0 1.6rem; } figcaption { font-weight: 600; margin-bottom: 0.3rem; }
.unit { font-weight: 400; margin-left: 0.4em; }
.chart { display: block; width: 100%; height: auto; }
.chart.narrow { display: none; }
.key { list-style: none; margin: 0.5rem 0 0; padding: 0; } .key li { margin: 0.15rem 0; }
.key .of-line { display: inline-block; margin-right: 1.4em; }
.icon { width: 14px; height: 14px; vertical-align: -2px; }
.when { font-variant-numeric: tabular-nums; margin-right: 0.3em; }
.scroll { overflow-x: auto; margin: 1rem 0 0.3rem; }
.scroll:focus-visible { outline: 2px solid var(--line); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 0.92rem; }
caption { text-align: left; font-weight: 600; margin-bottom: 0.3rem; }
th, td { text-align: left; padding: 0.32rem 0.9rem 0.32rem 0; border-bottom: 1px solid var(--grid);
  vertical-align: top; }
thead th { color: var(--soft); font-weight: 500; border-bottom-color: var(--rule); }
tbody th { font-weight: 400; white-space: nowrap; } .n { text-align: right; white-space: nowrap; }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--soft); }
svg .tick { font-variant-numeric: tabular-nums; }
svg .name { fill: var(--ink); } svg .name.danger { fill: var(--danger); } svg .name.quiet { fill: var(--soft); }
svg path { fill: none; vector-effect: non-scaling-stroke; }
.grid { stroke: var(--grid); } .base { stroke: var(--soft); }
.wick, .body { stroke-width: 1; } .up { stroke: var(--up); } .down { stroke: var(--down); }
svg .body.up { fill: var(--paper); } svg .body.down { fill: var(--down); }
svg .flow { stroke: none; } svg .flow.up { fill: var(--up); } svg .flow.down { fill: var(--down); }
.line { stroke: var(--line); stroke-width: 1.6; stroke-linejoin: round; }
.level { stroke: var(--line); stroke-width: 1.6; stroke-dasharray: 6 4; }
.line.danger, .level.danger { stroke: var(--danger); } .line.good, .level.good { stroke: var(--good); }
.line.quiet, .level.quiet { stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 2 3; }
svg .zone { fill: var(--zone); }
svg .gain { fill: var(--good); opacity: 0.16; } svg .loss { fill: var(--danger); opacity: 0.16; }
svg .halo { fill: var(--paper); stroke: var(--paper); stroke-width: 5; stroke-linejoin: round; }
svg .sign { fill: var(--ink); } svg .sign.liquidation { fill: none; stroke: var(--danger); stroke-width: 3; }
svg .sign.event { fill: var(--line); }
.node { fill: var(--danger); fill-opacity: 0.75; stroke: var(--paper); stroke-width: 1; }
.node.stop { fill: var(--line); } .node.buy-in { fill: var(--down); }
svg .edge { stroke: var(--soft); stroke-opacity: 0.45; } svg .root { fill: var(--ink); }
.in-words summary { cursor: pointer; } .in-words ol { max-height: 24rem; overflow: auto; font-size: 0.9rem; }
.tip { fill: transparent; } .tip:hover { fill: var(--ink); fill-opacity: 0.07; }
@media (max-width: 640px) { body { padding: 1.3rem 0.9rem 2rem; } h1 { font-size: 1.35rem; }
  .facts dd:not(.note) { white-space: normal; } .chart.wide { display: none; } .chart.narrow { display: block; } }
@media print { body { max-width: none; padding: 0; } figure, tr { break-inside: avoid; }
  .scroll { overflow: visible; } }"""
"""The whole style sheet, put into each page."""
