// The style of the report: quiet type on a wide margin, light and dark, on a phone, on paper.

enum ReportStyle {
  static let css = """
    :root {
      --page: #fcfcfa; --card: #f4f3ef; --ink: #1d1f21; --soft: #5b6066; --rule: #dedcd5;
      --grid: #e8e6e0; --accent: #0b62a4; --good: #1a6b45; --good-bg: #e4f1e9; --bad: #97391a;
      --bad-bg: #fbeae2; --shade: #1d1f2138;
      --c0: #0b69a8; --c1: #c2480c; --c2: #00795a; --c3: #9b4088; --c4: #86660a; --c5: #4d5359;
      --c6: #5a4fcf; --c7: #b3123f; --c8: #4d7a0e; --c9: #7a4526;
      --low: #2a93d5; --middle: #7a4fb5; --high: #c0243f;
      color-scheme: light dark;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #15171a; --card: #1d2024; --ink: #e6e4df; --soft: #a3a7ad; --rule: #34383d;
        --grid: #292d32; --accent: #7dbcf0; --good: #8fd6b1; --good-bg: #17301f; --bad: #f2ab8c;
        --bad-bg: #3a2117; --shade: #000000a0;
        --c0: #62b3ee; --c1: #fb9560; --c2: #4fc9a1; --c3: #e19bd2; --c4: #d8b54a; --c5: #b9bec4;
        --c6: #a79bff; --c7: #ff7d9b; --c8: #a4cf5a; --c9: #c99a77;
        --low: #6cc0f7; --middle: #b795f2; --high: #ff7d86;
      }
    }
    * { box-sizing: border-box; }
    html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
    body {
      margin: 0; background: var(--page); color: var(--ink);
      font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation
        Sans", Arial, sans-serif;
    }
    .page { padding: 2.5rem clamp(1rem, 2.5vw, 3.5rem) 5rem; }
    @media (min-width: 64rem) {
      .page { display: grid; grid-template-columns: 11rem minmax(0, 1fr); gap: 2.5rem; }
      nav { position: sticky; top: 2.5rem; align-self: start; }
    }
    html:not(.js) .scripted { display: none; }
    main { min-width: 0; }
    nav ol { list-style: none; margin: 0 0 2rem; padding: 0; font-size: .9rem; }
    nav a {
      display: block; padding: .22rem .75rem; color: var(--soft); text-decoration: none;
      border-left: 2px solid var(--rule);
    }
    nav a:hover { color: var(--ink); }
    nav a[aria-current] { color: var(--ink); border-color: var(--accent); font-weight: 600; }
    a:focus-visible, summary:focus-visible, .scroll:focus-visible {
      outline: 2px solid var(--accent); outline-offset: 2px;
    }
    .eyebrow { margin: 0; color: var(--accent); font-weight: 600; letter-spacing: .02em; }
    h1 {
      font-size: clamp(1.6rem, 1.1rem + 2vw, 2.4rem); line-height: 1.2; letter-spacing: -.015em;
      font-weight: 700; margin: .3rem 0 1.1rem; max-width: 52ch; text-wrap: balance;
    }
    h2 { font-size: 1.45rem; letter-spacing: -.01em; line-height: 1.3; margin: 0 0 1.1rem; }
    h3 { font-size: 1.08rem; line-height: 1.4; margin: 2rem 0 .6rem; }
    .run { margin: 1.6rem 0 .4rem; }
    .question { margin: 0 0 .7rem; color: var(--soft); }
    h4, h5 { font-size: 1rem; margin: 1.6rem 0 .5rem; }
    section {
      margin-top: 3.25rem; padding-top: 2.25rem; border-top: 1px solid var(--rule);
      scroll-margin-top: 1rem;
    }
    p, li { max-width: 72ch; overflow-wrap: anywhere; }
    .answers {
      list-style: none; margin: 0 0 1.4rem; padding: 0; display: flex; flex-wrap: wrap; gap: 1rem;
    }
    .answers > li {
      flex: 1 1 min(100%, 22rem);
      background: var(--card); border-radius: .6rem; padding: .8rem 1.1rem; max-width: none;
    }
    .asked { display: block; color: var(--soft); font-size: .92rem; }
    .answer { display: block; font-size: 1.12rem; line-height: 1.35; }
    .answers ul {
      list-style: none; margin: .3rem 0 0; padding: 0; font-size: .88rem; line-height: 1.5;
      color: var(--soft); font-variant-numeric: tabular-nums;
    }
    .asked + ul { color: var(--ink); font-size: .95rem; }
    .answers li li { max-width: none; }
    .facts { margin: 0 0 .9rem; color: var(--soft); font-size: .92rem; }
    .facts ul {
      list-style: none; display: flex; flex-wrap: wrap; gap: .1rem 1.4rem; margin: 0; padding: 0;
    }
    .states {
      display: flex; flex-wrap: wrap; align-items: flex-start; gap: .6rem; margin: 0 0 .5rem;
    }
    .coverage {
      margin: 0; padding: .28rem .8rem; border-radius: .5rem; font-weight: 600; font-size: .95rem;
    }
    .coverage::before { margin-right: .5rem; }
    .whole { color: var(--good); background: var(--good-bg); }
    .whole::before { content: "\\2713"; }
    .incomplete { color: var(--bad); background: var(--bad-bg); }
    .incomplete::before { content: "!"; }
    .missing, figcaption, .caption, .absent { color: var(--soft); font-size: .9rem; }
    figcaption { max-width: 72ch; margin-top: .6rem; line-height: 1.5; }
    .notes { padding-left: 1.1rem; }
    .notes li { margin: .25rem 0; }
    .notes ul { padding-left: 1.1rem; color: var(--soft); font-size: .94rem; }

    .scroll {
      overflow-x: auto; margin: 1rem 0; max-width: 100%;
      background: linear-gradient(to right, var(--page) 1.5rem, transparent) local,
        linear-gradient(to left, var(--page) 1.5rem, transparent) right local, linear-gradient(to
        right, var(--shade), transparent .9rem), linear-gradient(to left, var(--shade), transparent
        .9rem) right;
      background-repeat: no-repeat;
    }
    table {
      border-collapse: collapse; font-size: .875rem; line-height: 1.45;
      font-variant-numeric: tabular-nums;
    }
    th, td {
      padding: .34rem .7rem; text-align: right; white-space: nowrap;
      border-bottom: 1px solid var(--grid); vertical-align: top;
    }
    th { color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--rule); }
    th { white-space: normal; vertical-align: bottom; }
    th.l, td.l { text-align: left; white-space: normal; }
    td.short { white-space: nowrap; }
    /* Words that are broken keep a short line: the least that Table.room gives them. */
    td.l:not(.short) { min-width: 12rem; }
    .parts { display: flex; flex-wrap: wrap; column-gap: 3rem; align-items: flex-start; }
    /* What is far out of sight is not laid out, which is much of the time of a large page. It is as
       tall as it will be: a drawing by its shape, a table by its rows, whose parts stand side by
       side on a wide page. */
    .chart, [style^="--rows"] { content-visibility: auto; overflow-clip-margin: 2rem; }
    [style^="--rows"] { contain-intrinsic-height: auto calc(var(--rows) * (1.95rem + 1px)); }
    @media (min-width: 100rem) {
      .parts { contain-intrinsic-height: auto calc(var(--rows) * 1rem); }
    }
    th:first-child, td:first-child { padding-left: 0; }
    tbody tr:hover { background: var(--card); }
    header td { overflow-wrap: anywhere; }
    header td:last-child { min-width: 12rem; }
    pre.scroll {
      white-space: pre-wrap; overflow-wrap: anywhere; background: var(--card); border-radius: .5rem;
      padding: 1rem 1.2rem; font: .82rem/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas,
      "Liberation Mono", monospace;
    }
    details { margin: 1.2rem 0; }
    summary { cursor: pointer; color: var(--accent); font-weight: 600; width: fit-content; }

    .cards {
      display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr));
      gap: 1rem;
    }
    .card { background: var(--card); border-radius: .6rem; padding: 1rem 1.2rem; min-width: 0; }
    .cards + .cards { margin-top: 1rem; }
    .card h3 { margin: 0 0 .5rem; }
    dl {
      display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem 1rem; margin: 0;
      font-size: .88rem;
    }
    dt { color: var(--soft); }
    dd { margin: 0; overflow-wrap: anywhere; }

    @media (max-width: 63.99rem) {
      .page { padding-top: 1.6rem; }
      nav ol { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; }
      nav a {
        padding: .1rem 0; border: 0; text-decoration: underline; text-underline-offset: .2em;
        text-decoration-color: var(--rule);
      }
      section { margin-top: 2.25rem; padding-top: 1.75rem; }
    }
    @media (max-width: 48rem) {
      /* What a row is of stays in sight while the table scrolls. */
      .scroll th:first-child, .scroll td:first-child {
        position: sticky; left: 0; padding-right: .5rem; background: var(--page);
      }
      td.l:not(.short):first-child { min-width: 8rem; }
    }
    @media (max-width: 30rem) {
      .page { padding-left: 1rem; padding-right: 1rem; }
      th, td { padding-left: .4rem; padding-right: .4rem; }
      th:last-child, td:last-child { padding-right: 0; }
      .share { grid-template-columns: 1fr 4rem; gap: .1rem .6rem; margin-bottom: .3rem; }
      .share-name { grid-column: 1 / -1; }
      dl { grid-template-columns: 1fr; gap: 0; }
      dd { margin-bottom: .4rem; }
    }
    @media print {
      :root {
        --page: #fff; --card: #f6f6f4; --ink: #000; --soft: #444; --rule: #bbb; --grid: #ddd;
        --c0: #0b69a8; --c1: #c2480c; --c2: #00795a; --c3: #9b4088; --c4: #86660a; --c5: #4d5359;
        --c6: #5a4fcf; --c7: #b3123f; --c8: #4d7a0e; --c9: #7a4526;
        --low: #2a93d5; --middle: #7a4fb5; --high: #c0243f;
      }
      body { font-size: 10pt; }
      .page { display: block; max-width: none; padding: 0; }
      nav, .tip { display: none; }
      .chart, [style^="--rows"] { content-visibility: visible; }
      .scroll { overflow: visible; }
      table { font-size: 7.5pt; }
      th, td, td.l:not(.short) { white-space: normal; min-width: 0; padding: .2rem .4rem; }
      .scroll { background: none; }
      pre { white-space: pre-wrap; }
      .panels { grid-template-columns: 1fr 1fr; }
      tr, .card, .share { break-inside: avoid; }
      h2, h3, .legend { break-after: avoid; }
      * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
    }
    @media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
    """
}
