// The script of the section Explore: it draws what the reader chose, with the looks of the page's
// own charts.

enum ExploreScript {
  static let source = #"""
    (() => {
      const source = document.getElementById('cells');
      if (!source) return;
      const data = JSON.parse(source.textContent);
      const root = document.querySelector('.explorer');
      const CURVE = 'loss by step', ALL = 'nothing';
      const setting = name => data.settings.findIndex(one => one.name === name);
      const isNumeric = place => place >= 0 && data.settings[place].numbers.every(Number.isFinite);
      const make = (name, attributes = {}, ...content) => {
        const node = document.createElement(name);
        for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
        node.append(...content);
        return node;
      };
      const draw = (name, attributes = {}, ...content) => {
        const node = document.createElementNS('http://www.w3.org/2000/svg', name);
        for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
        node.append(...content);
        return node;
      };

      // What is chosen: the address's word for it, or what suits the data.
      const names = data.settings.map(one => one.name);
      const sweep = names.find((name, place) => isNumeric(place) && name !== 'seed');
      const choices = {
        y: [...data.metrics.map(one => one.name), ...(data.cells.some(cell => cell.curve.length) ? [CURVE] : [])],
        x: names, colour: [ALL, ...names], facet: [ALL, ...names],
      };
      const usual = {
        y: choices.y[0], x: sweep ?? names[0],
        colour: names.find(name => name !== sweep && name !== 'seed') ?? sweep ?? ALL, facet: ALL,
      };
      const chosen = key => {
        const word = state.read().get(key);
        return choices[key].includes(word) ? word : usual[key];
      };

      const controls = make('div', { class: 'controls' });
      const titles = { y: 'draw', x: 'against', colour: 'colour by', facet: 'a panel for each' };
      for (const key of Object.keys(titles)) {
        const select = make('select', { name: key }, ...choices[key].map(word => make('option', { value: word }, word)));
        select.addEventListener('change', () => {
          state.write(now => select.value === usual[key] ? now.delete(key) : now.set(key, select.value));
          show();
        });
        controls.append(make('label', {}, titles[key], ' ', select));
      }
      const filters = make('details', { class: 'filters' }, make('summary', {}, 'Which cells'));
      data.settings.forEach((one, place) => {
        if (one.values.length > 40) return;
        filters.append(make('fieldset', {}, make('legend', {}, one.name), ...one.values.map(value => {
          const box = make('input', { type: 'checkbox', value: one.name + '=' + value });
          box.addEventListener('change', () => { state.toggle('not', box.value); show(); });
          return make('label', {}, box, ' ', value);
        })));
      });
      const legend = make('ul', { class: 'legend' });
      const panels = make('div', { class: 'panels' });
      const note = make('figcaption', { 'aria-live': 'polite' });
      root.append(controls, filters, make('figure', {}, legend, panels, note));

      // Looks: those of SeriesStyle, so that a value has its colour whatever else is shown.
      function look(place, index) {
        const dash = data.dashes[(index + Math.floor(index / data.colours)) % data.dashes.length];
        const count = place < 0 ? 1 : data.settings[place].values.length;
        if (!isNumeric(place) || count < 3) return { colour: `var(--c${index % data.colours})`, dash };
        const shade = index / (count - 1), low = shade < 0.5;
        const share = Math.round(200 * (low ? shade : shade - 0.5));
        const [from, to] = low ? ['--low', '--middle'] : ['--middle', '--high'];
        return { colour: `color-mix(in oklab, var(${to}) ${share}%, var(${from}))`, dash: '' };
      }

      const short = value => String(+value.toPrecision(4));
      function text(value, unit) {
        const scaled = (step, units) => {
          let place = 0;
          while (Math.abs(value) >= step && place + 1 < units.length) { value /= step; place++; }
          return short(value) + units[place];
        };
        if (unit === 'bytes') return scaled(1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB']);
        if (unit === 'percent') return short(value) + ' %';
        if (unit === 'seconds') return value !== 0 && Math.abs(value) < 1e-3 ? short(value * 1e6) + ' µs'
          : value !== 0 && Math.abs(value) < 1 ? short(value * 1e3) + ' ms' : short(value) + ' s';
        return Math.abs(value) >= 1e4 ? scaled(1000, ['', ' k', ' M', ' G', ' T', ' P']) : short(value);
      }

      function axis(values, { names: words, at, unit = '', log = false, ceiling = Infinity }) {
        if (words) return {
          place: value => (value + 0.5) / words.length,
          ticks: words.map((word, place) => ({ value: place, text: word.length > 12 ? word.slice(0, 11) + '…' : word })),
        };
        const kept = values.filter(value => Number.isFinite(value) && (!log || value > 0)).map(value => Math.min(value, ceiling));
        let low = Math.min(...kept), high = Math.max(...kept);
        if (low === high) [low, high] = log ? [low / 2, high * 2] : [low - (Math.abs(low) / 2 || 1), high + (Math.abs(high) / 2 || 1)];
        const to = log ? Math.log : value => value;
        const room = 0.05 * (to(high) - to(low));
        const [from, till] = [to(low) - room, to(high) + room];
        const places = [];
        if (log && Math.log10(high / low) >= 0.9) {
          for (const factors of [[1, 2, 5], [1, 3], [1]]) {
            places.length = 0;
            for (let e = Math.floor(Math.log10(low)) - 1; e <= Math.ceil(Math.log10(high)); e++)
              for (const factor of factors) places.push(+(factor * 10 ** e).toPrecision(2));
            if (places.filter(value => to(value) >= from && to(value) <= till).length <= 7) break;
          }
        } else {
          const rough = (high - low) / 5;
          let step = unit === 'bytes' ? 2 ** Math.ceil(Math.log2(rough)) : 10 ** Math.floor(Math.log10(rough));
          if (unit !== 'bytes') step *= rough / step < 1.5 ? 1 : rough / step < 3.5 ? 2 : rough / step < 7.5 ? 5 : 10;
          for (let n = Math.ceil(low / step) - 1; n * step <= high + step; n++) places.push(+(n * step).toPrecision(12));
        }
        const ticks = at ?? places.map(value => ({ value, text: text(value, unit) }));
        return {
          // On a logarithmic axis zero stands at the lower edge.
          place: value => !Number.isFinite(value) ? null : log && value <= 0 ? 0
            : Math.max(0, Math.min(1, (to(Math.min(value, ceiling)) - from) / (till - from))),
          ticks: ticks.filter(({ value }) => (!log || value > 0) && to(value) >= from && to(value) <= till),
        };
      }

      const WIDTH = 480, RIGHT = 18, TOP = 34;
      function chart(groups, x, y, xName, yName, title) {
        const LEFT = Math.max(...y.ticks.map(tick => tick.text.length), 1) * 9.3 + 14;
        // Words that would touch are turned.
        const isTurned = x.ticks.reduce((sum, tick) => sum + tick.text.length + 2, 0) * 9.3 > WIDTH - LEFT - RIGHT;
        const bottom = x.isWords && isTurned ? 96 : 54, height = 256 + bottom;
        const px = value => LEFT + x.place(value) * (WIDTH - LEFT - RIGHT);
        const py = value => height - bottom - y.place(value) * (height - bottom - TOP);
        const grid = draw('g', { class: 'grid' }), ticks = draw('g', { class: 'ticks' });
        for (const tick of y.ticks) {
          grid.append(draw('path', { d: `M${LEFT} ${py(tick.value)}H${WIDTH - RIGHT}` }));
          ticks.append(draw('text', { x: LEFT - 8, y: py(tick.value) + 4, 'text-anchor': 'end' }, tick.text));
        }
        let edge = Infinity;
        for (const tick of [...x.ticks].reverse()) {
          const at = px(tick.value), half = tick.text.length * 4.7;
          if (!x.isWords && at + half + 6 > edge) continue;
          edge = at - half;
          ticks.append(x.isWords && isTurned
            ? draw('text', { 'text-anchor': 'end', transform: `translate(${at + 4} ${height - bottom + 16}) rotate(-40)` }, tick.text)
            : draw('text', { x: Math.min(at, WIDTH - half), y: height - bottom + 20, 'text-anchor': 'middle' }, tick.text));
        }
        const shapes = groups.map(group => {
          const drawn = draw('g', { 'data-series': group.name });
          for (const line of group.lines) {
            const d = line.filter(([a, b]) => x.place(a) !== null && y.place(b) !== null)
              .map(([a, b], n) => (n ? 'L' : 'M') + px(a).toFixed(1) + ' ' + py(b).toFixed(1)).join('');
            if (d) drawn.append(draw('path', { class: 'line', d, style: `stroke:${group.look.colour}`, 'stroke-dasharray': group.look.dash }));
          }
          for (const point of group.points) {
            if (x.place(point.x) === null || y.place(point.y) === null) continue;
            const attributes = { cx: px(point.x).toFixed(1), cy: py(point.y).toFixed(1) };
            drawn.append(point.isHidden
              ? draw('circle', { ...attributes, class: 'hit', r: 7 }, draw('title', {}, point.text))
              : draw('g', { class: 'mark' }, draw('title', {}, point.text),
                draw('circle', { ...attributes, r: 4, style: `fill:${group.look.colour};stroke:var(--page)` })));
          }
          return drawn;
        });
        return make('div', { class: 'panel' }, ...(title ? [make('p', { class: 'panel-title' }, title)] : []),
          draw('svg', { class: 'chart', viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', 'aria-label': `${yName} against ${xName}${title ? ' at ' + title : ''}` },
            grid, draw('path', { class: 'axis', d: `M${LEFT} ${height - bottom}H${WIDTH - RIGHT}` }), ticks,
            draw('text', { class: 'label', x: 4, y: 15 }, yName),
            draw('text', { class: 'label', x: (LEFT + WIDTH - RIGHT) / 2, y: height - 8, 'text-anchor': 'middle' }, xName), ...shapes));
      }

      const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;
      const isWide = values => {
        const above = values.filter(value => value > 0);
        return values.every(value => value >= 0) && Math.max(...above) > 30 * Math.min(...above);
      };

      function show() {
        const [yName, xName, colour, facet] = ['y', 'x', 'colour', 'facet'].map(chosen);
        for (const select of controls.querySelectorAll('select')) select.value = chosen(select.name);
        const not = new Set(state.read().getAll('not'));
        for (const box of filters.querySelectorAll('input')) box.checked = !not.has(box.value);
        const isCurve = yName === CURVE;
        controls.querySelector('[name=x]').disabled = isCurve;
        const metric = data.metrics.findIndex(one => one.name === yName);
        const [xPlace, cPlace, fPlace] = [xName, colour, facet].map(setting);
        const value = (cell, place) => place < 0 ? '' : data.settings[place].values[cell.at[place]];
        const xOf = cell => isNumeric(xPlace) ? data.settings[xPlace].numbers[cell.at[xPlace]] : cell.at[xPlace];
        const kept = data.cells.filter(cell =>
          data.settings.every((one, place) => !not.has(one.name + '=' + one.values[cell.at[place]])));
        const drawn = kept.filter(cell => isCurve ? cell.curve.length : Number.isFinite(cell.metrics[metric]));

        const facets = [...new Set(drawn.map(cell => fPlace < 0 ? -1 : cell.at[fPlace]))].sort((a, b) => a - b);
        const colours = [...new Set(drawn.map(cell => cPlace < 0 ? -1 : cell.at[cPlace]))].sort((a, b) => a - b);
        const nameOf = index => index < 0 ? 'all cells'
          : isNumeric(cPlace) ? colour + ' ' + data.settings[cPlace].values[index] : data.settings[cPlace].values[index];
        const yValues = drawn.flatMap(cell => isCurve ? cell.curve.map(point => point[1]) : [cell.metrics[metric]]);
        const unit = isCurve ? '' : data.metrics[metric].unit;
        const ceiling = isCurve ? 1.1 * Math.max(...drawn.map(cell => cell.curve[0][1])) : Infinity;
        const y = axis(yValues, { unit, log: !isCurve && isWide(yValues), ceiling });
        const xValues = drawn.flatMap(cell => isCurve ? cell.curve.map(point => point[0]) : [xOf(cell)]);
        const isWords = !isCurve && !isNumeric(xPlace);
        const ratio = Math.max(...xValues) / Math.min(...xValues);
        // The values of a setting are its best ticks.
        const at = isCurve || isWords || data.settings[xPlace].values.length > 10 ? null
          : data.settings[xPlace].numbers.map((value, place) => ({ value, text: data.settings[xPlace].values[place] }));
        const x = axis(xValues, { names: isWords ? data.settings[xPlace].values : null, at, log: !isCurve && Math.min(...xValues) > 0 && ratio >= 4 });
        x.isWords = isWords;

        panels.replaceChildren(...(drawn.length ? facets : []).map(at => {
          const inside = drawn.filter(cell => fPlace < 0 || cell.at[fPlace] === at);
          const groups = colours.map(index => {
            const cells = inside.filter(cell => cPlace < 0 || cell.at[cPlace] === index);
            const one = { name: nameOf(index), look: look(cPlace, Math.max(0, index)) };
            if (isCurve) return {
              ...one, lines: cells.map(cell => cell.curve),
              points: cells.flatMap(cell => cell.curve.filter((_, n) => n % 12 === 0 || n === cell.curve.length - 1)
                .map(([a, b]) => ({ x: a, y: b, isHidden: true, text: `${cell.label}, step ${a}: ${text(b, '')}` }))),
            };
            const places = [...new Set(cells.map(xOf))].sort((a, b) => a - b);
            return {
              ...one,
              lines: isWords ? [] : [places.map(a => [a, mean(cells.filter(cell => xOf(cell) === a).map(cell => cell.metrics[metric]))])],
              points: cells.map(cell => ({ x: xOf(cell), y: cell.metrics[metric],
                text: `${cell.label}: ${text(cell.metrics[metric], unit)}${cell.status === 'ok' ? '' : ' (' + cell.status + ')'}` })),
            };
          });
          return chart(groups, x, y, isCurve ? 'step' : xName, isCurve ? 'training loss, nats' : yName,
            fPlace < 0 ? '' : `${facet} ${value(inside[0], fPlace)}`);
        }));
        legend.replaceChildren(...(cPlace < 0 ? [] : colours).map(index => {
          const { colour: fill, dash } = look(cPlace, index);
          return make('li', { 'data-series': nameOf(index) }, draw('svg', { class: 'swatch', viewBox: '0 0 48 14', 'aria-hidden': 'true' },
            draw('path', { d: 'M1 7H47', 'stroke-width': 2.2, 'stroke-dasharray': dash, style: `stroke:${fill}` }),
            draw('circle', { cx: 24, cy: 7, r: 4, style: `fill:${fill}` })), nameOf(index));
        }));
        root.querySelector('figure').classList.toggle('single', facets.length === 1);
        note.textContent = `${drawn.length} of ${data.cells.length} cells. `
          + (isCurve ? 'A line is the training loss of a cell, smoothed; what is far above the first losses stands at the upper edge.'
            : data.metrics[metric].meaning + (isWords ? ' A dot is a cell.' : ' A dot is a cell, the line the mean of those alike.'));
        wireLegends(root);
        hideSeries();
      }
      addEventListener('hashchange', show);
      show();
    })();

    """#
}
