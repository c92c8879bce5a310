// The style of the report's drawings and of what the reader chooses with.

enum ChartStyle {
  static let css = """
    figure { margin: 0 0 2.5rem; }
    .panels {
      display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26.5rem), 1fr));
      gap: 1.4rem 1.8rem;
    }
    .single .panels { grid-template-columns: minmax(0, 1fr); }
    .chart.wide { display: none; }
    @media (min-width: 100rem) {
      .panels { grid-template-columns: repeat(var(--columns, 3), minmax(0, 1fr)); }
      .single:has(svg.chart) {
        display: grid; grid-template-columns: minmax(0, 1fr) minmax(14rem, 22rem);
        column-gap: 2.5rem;
      }
      .single:has(svg.chart) > .legend { grid-column: 1 / -1; }
      .single:has(svg.chart) > figcaption { align-self: center; }
    }
    .panel { min-width: 0; container-type: inline-size; break-inside: avoid; }
    .panel-title { margin: 0 0 .15rem; font-weight: 600; font-size: .95rem; }
    .legend {
      list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin: 0 0 .9rem;
      padding: 0; font-size: .9rem;
    }
    .legend li { display: flex; align-items: center; gap: .5rem; }
    .swatch { width: 48px; height: 14px; flex: none; fill: none; }
    .chart { display: block; width: 100%; height: auto; fill: none; overflow: visible; }
    .chart text {
      font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans",
      Arial, sans-serif; fill: var(--soft); font-variant-numeric: tabular-nums;
    }
    .chart text.label { fill: var(--ink); }
    .chart text.name {
      font-weight: 600; paint-order: stroke; stroke: var(--page); stroke-width: 4px;
      stroke-linejoin: round;
    }
    .leader { stroke-width: 1; opacity: .6; }
    /* Texts keep their size while the drawing around them grows. */
    @container (max-width: 26rem) { .chart text { font-size: 14.5px; } }
    @container (min-width: 34rem) { .chart text { font-size: 10.5px; } }
    @container (min-width: 42rem) {
      .single .chart { display: none; }
      .single .chart.wide { display: block; }
      .chart text { font-size: 9px; }
      .chart.wide text { font-size: 13.5px; }
    }
    @container (min-width: 56rem) { .chart.wide text { font-size: 12px; } }
    @container (min-width: 72rem) { .chart.wide text { font-size: 10.5px; } }
    .grid path { stroke: var(--grid); }
    .axis { stroke: var(--soft); }
    .line { stroke-width: 2; stroke-linejoin: round; stroke-linecap: butt; }
    .faint { stroke-width: 1.4; opacity: .75; }
    .band { opacity: .16; }
    .bar { stroke-width: 1.4; }
    .end { stroke-width: 2.4; }
    .hit { fill: transparent; }
    .hit.lit { fill: var(--ink); fill-opacity: .18; }
    .mark.lit { stroke: var(--ink); }
    .guide { stroke: var(--soft); stroke-width: 1.4; }
    .chart text.guide { stroke: none; }
    .tip {
      position: fixed; z-index: 2; pointer-events: none; max-width: min(22rem, 92vw);
      padding: .35rem .65rem; border-radius: .4rem; background: var(--ink); color: var(--page);
      font-size: .85rem; line-height: 1.4; font-variant-numeric: tabular-nums;
    }

    .shares { display: grid; gap: .35rem; font-size: .9rem; font-variant-numeric: tabular-nums; }
    .share {
      display: grid; grid-template-columns: minmax(6rem, 14rem) minmax(4rem, 1fr) 4rem;
      align-items: center; gap: .9rem;
    }
    .share-name { overflow-wrap: anywhere; }
    .track {
      position: relative; height: .7rem; background: var(--grid); border-radius: .2rem;
      overflow: hidden;
    }
    .track b { position: absolute; top: 0; bottom: 0; width: 2px; background: var(--ink); }
    .track i { display: block; height: 100%; border-radius: .2rem; }
    .share-text { text-align: right; color: var(--soft); white-space: nowrap; }

    .off { display: none !important; }
    .js .legend li { cursor: pointer; border-radius: .3rem; }
    .js .legend li:hover { color: var(--accent); }
    .legend li[aria-pressed=false] { opacity: .45; text-decoration: line-through; }
    .legend li:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

    .forest-rows {
      display: grid; grid-template-columns: fit-content(18rem) minmax(11rem, 1fr) max-content
      fit-content(19rem); column-gap: 1.3rem; font-size: .88rem; font-variant-numeric: tabular-nums;
    }
    .forest-row { display: contents; }
    .forest-row > * { padding: .28rem 0; align-self: center; min-width: 0; }
    .forest-label { overflow-wrap: anywhere; }
    .forest-figure { text-align: right; white-space: nowrap; color: var(--soft); }
    .forest-drawing {
      width: 100%; height: 1.9rem; padding: 0; align-self: stretch; stroke: var(--c5);
      fill: var(--c5);
    }
    .forest-drawing .even { stroke: var(--rule); }
    .forest-drawing .interval { stroke-width: 2; }
    .better .forest-drawing { stroke: var(--good); fill: var(--good); }
    .worse .forest-drawing { stroke: var(--bad); fill: var(--bad); }
    .better .forest-verdict { color: var(--good); font-weight: 600; }
    .worse .forest-verdict { color: var(--bad); font-weight: 600; }
    .forest-scale {
      position: relative; height: 1.6rem; border-top: 1px solid var(--soft); color: var(--soft);
      font-size: .8rem; align-self: start;
    }
    .forest-tick { position: absolute; transform: translateX(-50%); white-space: nowrap; }
    @media (max-width: 56rem) {
      .forest-rows { display: block; }
      .forest-row {
        display: grid; grid-template-columns: minmax(0, 1fr) fit-content(50%); column-gap: 1rem;
        margin-bottom: .5rem;
      }
      .forest-drawing, .forest-scale { grid-row: 2; grid-column: 1 / -1; }
      .forest-figure { grid-row: 3; grid-column: 1 / -1; text-align: left; white-space: normal; }
      .forest-row > * { padding: 0; }
      .forest-verdict { text-align: right; }
    }

    .controls {
      display: flex; flex-wrap: wrap; gap: .6rem 1.4rem; margin: 0 0 .8rem; font-size: .9rem;
      color: var(--soft);
    }
    select {
      font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--rule);
      border-radius: .35rem; padding: .2rem .4rem; max-width: 15rem;
    }
    .filters { margin: 0 0 1rem; font-size: .9rem; }
    .filters fieldset {
      display: flex; flex-wrap: wrap; gap: .2rem 1rem; border: 0; margin: .5rem 0 0; padding: 0;
    }
    .filters legend { float: left; min-width: 7rem; padding: 0; color: var(--soft); }
    .filters label { white-space: nowrap; }
    """
}
