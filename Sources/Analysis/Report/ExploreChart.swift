// The drawings of the section Explore, as a script: axes, looks and charts like the page's own.

enum ExploreChart {
  static let source = #"""
    const explore = (() => {
      const make = (name, attributes = {}, ...content) =>
        fill(document.createElement(name), attributes, content);
      const draw = (name, attributes = {}, ...content) =>
        fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, content);
      function fill(node, attributes, content) {
        for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
        node.append(...content);
        return node;
      }

      // A value has its look whatever else is shown: numbers are shaded from low to high.
      function look(data, setting, index) {
        const turn = (index + Math.floor(index / data.colours)) % data.dashes.length;
        const count = setting?.values.length ?? 1;
        if (!setting?.isNumeric || count < 3)
          return { colour: `var(--c${index % data.colours})`, dash: data.dashes[turn] };
        const shade = index / (count - 1), isLow = shade < 0.5;
        const share = Math.round(200 * (isLow ? shade : shade - 0.5));
        const [from, to] = isLow ? ['--low', '--middle'] : ['--middle', '--high'];
        return { colour: `color-mix(in oklab, var(${to}) ${share}%, var(${from}))`, dash: '' };
      }

      function short(value) {
        if (!value || Math.abs(value) >= 1e-3) return String(+value.toPrecision(4));
        const [figures, exponent] = value.toExponential(3).split('e');
        return +figures + 'e' + +exponent;
      }
      function scaled(value, step, units) {
        let place = 0;
        while (Math.abs(value) >= step && place + 1 < units.length) {
          value /= step;
          place++;
        }
        return short(value) + units[place];
      }
      function text(value, unit) {
        const size = Math.abs(value);
        if (unit === 'bytes') return scaled(value, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB']);
        if (unit === 'percent') return short(value) + ' %';
        if (unit === 'seconds') {
          if (size === 0 || size >= 1) return short(value) + ' s';
          return size < 1e-3 ? short(value * 1e6) + ' µs' : short(value * 1e3) + ' ms';
        }
        return size < 1e4 ? short(value) : scaled(value, 1000, ['', ' k', ' M', ' G', ' T', ' P']);
      }

      // Where ticks stand: decades with their 2 and 5 or 3, else multiples of 1, 2 or 5 (of bytes,
      // of powers of two).
      function decades(low, high) {
        let found = [];
        for (const factors of [[1, 2, 5], [1, 3], [1]]) {
          found = [];
          for (let e = Math.floor(Math.log10(low)) - 1; e <= Math.ceil(Math.log10(high)); e++)
            for (const factor of factors) found.push(+(factor * 10 ** e).toPrecision(2));
          if (found.filter(value => value >= low && value <= high).length <= 7) break;
        }
        return found;
      }
      function multiples(low, high, isBinary) {
        const rough = (high - low) / 5;
        let step = isBinary
          ? 2 ** Math.ceil(Math.log2(rough)) : 10 ** Math.floor(Math.log10(rough));
        const lead = rough / step;
        if (!isBinary) step *= lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10;
        const found = [];
        for (let n = Math.ceil(low / step) - 1; n * step <= high + step; n++)
          found.push(+(n * step).toPrecision(12));
        return found;
      }

      // An axis of words.
      const wordAxis = words => ({
        isWords: true,
        place: value => (value + 0.5) / words.length,
        ticks: words.map((word, value) =>
          ({ value, text: word.length > 12 ? word.slice(0, 11) + '…' : word })),
      });

      // An axis of numbers; `at` are ticks that suit better, `ceiling` is where it ends at most.
      function axis(values, { at, unit = '', isLog = false, ceiling = Infinity }) {
        const shown = values.filter(value => Number.isFinite(value) && (!isLog || value > 0))
          .map(value => Math.min(value, ceiling));
        let low = Math.min(...shown), high = Math.max(...shown);
        if (low === high) {
          const half = Math.abs(low) / 2 || 1;
          [low, high] = isLog ? [low / 2, high * 2] : [low - half, high + half];
        }
        const to = isLog ? Math.log : value => value;
        const room = 0.05 * (to(high) - to(low));
        const [from, till] = [to(low) - room, to(high) + room];
        const places = isLog && high / low >= 8
          ? decades(low, high) : multiples(low, high, unit === 'bytes');
        const ticks = at ?? places.map(value => ({ value, text: text(value, unit) }));
        return {
          // On a logarithmic axis zero stands at the lower edge.
          place: value => !Number.isFinite(value) ? null : isLog && value <= 0 ? 0
            : Math.max(0, Math.min(1, (to(Math.min(value, ceiling)) - from) / (till - from))),
          ticks: ticks.filter(({ value }) =>
            (!isLog || value > 0) && to(value) >= from && to(value) <= till),
        };
      }

      const RIGHT = 18, TOP = 34, LETTER = 9.3;
      // A panel: groups are series with a name, a look, lines and points.
      function panel(groups, x, y, title, isWide) {
        const WIDTH = isWide ? 900 : 480;
        const left = Math.max(1, ...y.ticks.map(tick => tick.text.length)) * LETTER + 14;
        // Words that would touch are turned, so that each has its tick.
        const longest = Math.max(0, ...x.ticks.map(tick => tick.text.length));
        const slot = (WIDTH - left - RIGHT) / Math.max(1, x.ticks.length);
        const isTurned = x.isWords && longest * LETTER + 8 > slot;
        const bottom = isTurned ? 96 : 54, height = 256 + bottom, base = height - bottom;
        const px = value => left + x.place(value) * (WIDTH - left - RIGHT);
        const py = value => base - y.place(value) * (base - TOP);
        const grid = draw('g', { class: 'grid' }), ticks = draw('g', { class: 'ticks' });
        for (const tick of y.ticks) {
          const at = py(tick.value);
          grid.append(draw('path', { d: `M${left} ${at}H${WIDTH - RIGHT}` }));
          ticks.append(draw('text', { x: left - 8, y: at + 4, 'text-anchor': 'end' }, tick.text));
        }
        let edge = Infinity;
        for (const tick of [...x.ticks].reverse()) {
          const at = px(tick.value), half = tick.text.length * LETTER / 2;
          if (!x.isWords && at + half + 6 > edge) continue;
          edge = at - half;
          ticks.append(draw('text', isTurned
            ? { 'text-anchor': 'end', transform: `translate(${at + 4} ${base + 16}) rotate(-40)` }
            : { 'text-anchor': 'middle', x: Math.min(at, WIDTH - half), y: base + 20 }, tick.text));
        }
        const chart = draw('svg', {
          class: isWide ? 'chart wide' : 'chart', viewBox: `0 0 ${WIDTH} ${height}`,
          style: `aspect-ratio:${WIDTH}/${height}`, role: 'img',
          'aria-label': `${y.name} against ${x.name}${title && ' at ' + title}`,
        }, grid, draw('path', { class: 'axis', d: `M${left} ${base}H${WIDTH - RIGHT}` }), ticks,
        draw('text', { class: 'label', x: 0, y: 15 }, y.name),
        draw('text', {
          class: 'label', x: (left + WIDTH - RIGHT) / 2, y: height - 8, 'text-anchor': 'middle',
        }, x.name), ...groups.map(group => series(group, px, py)));
        return make('div', { class: 'panel' },
          ...(title ? [make('p', { class: 'panel-title' }, title)] : []), chart);
      }
      function series({ name, look: { colour, dash }, lines, points }, px, py) {
        const drawn = draw('g', { 'data-series': name });
        for (const line of lines) {
          const places = line.map(([a, b]) => px(a).toFixed(1) + ' ' + py(b).toFixed(1));
          if (places.length) drawn.append(draw('path', {
            class: 'line', d: 'M' + places.join('L'), style: `stroke:${colour}`,
            'stroke-dasharray': dash,
          }));
        }
        for (const { x, y, text: said, isHidden } of points) {
          const title = draw('title', {}, said);
          const place = { cx: px(x).toFixed(1), cy: py(y).toFixed(1) };
          const dot = { ...place, r: 4, style: `fill:${colour};stroke:var(--page)` };
          drawn.append(isHidden ? draw('circle', { ...place, class: 'hit', r: 7 }, title)
            : draw('g', { class: 'mark' }, title, draw('circle', dot)));
        }
        return drawn;
      }
      const swatch = ({ colour, dash }) => draw('svg',
        { class: 'swatch', viewBox: '0 0 48 14', 'aria-hidden': 'true' },
        draw('path', {
          d: 'M1 7H47', 'stroke-width': 2.2, 'stroke-dasharray': dash, style: `stroke:${colour}`,
        }),
        draw('circle', { cx: 24, cy: 7, r: 4, style: `fill:${colour}` }));
      return { make, look, text, axis, wordAxis, panel, swatch };
    })();

    """#
}
