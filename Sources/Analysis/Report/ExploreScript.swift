// The script of the section Explore: what the reader chooses is kept in the page's address and
// drawn anew.

enum ExploreScript {
  static let source = #"""
    (() => {
      const source = document.getElementById('cells');
      if (!source) return;
      const { make, look, text, axis, wordAxis, panel, swatch } = explore;
      const root = document.querySelector('.explorer');
      const data = JSON.parse(source.textContent);
      data.settings.forEach((setting, place) => {
        setting.isNumeric = setting.numbers.every(Number.isFinite);
        setting.of = cell => cell.at[place];
        setting.number = cell => setting.isNumeric
          ? setting.numbers[cell.at[place]] : cell.at[place];
      });
      const named = name => data.settings.find(setting => setting.name === name);

      // What can be chosen, and what is where nothing was.
      const CURVE = 'loss by step', NONE = 'nothing';
      const names = data.settings.map(setting => setting.name);
      const sweep = data.settings.find(one => one.isNumeric && one.name !== 'seed')?.name;
      const hasCurves = data.cells.some(cell => cell.curve.length);
      const choices = {
        y: {
          title: 'draw',
          words: [...data.metrics.map(metric => metric.name), ...(hasCurves ? [CURVE] : [])],
        },
        x: { title: 'against', words: names },
        colour: { title: 'colour by', words: [NONE, ...names] },
        facet: { title: 'a panel for each', words: [NONE, ...names] },
      };
      // What is drawn against one setting is coloured by another.
      const across = sweep ?? names[0], others = names.filter(name => name !== across);
      const usual = {
        y: choices.y.words[0], x: across, facet: NONE,
        colour: others.find(name => name !== 'seed') ?? others[0] ?? NONE,
      };
      const chosen = key => {
        const word = state.read().get(key);
        return choices[key].words.includes(word) ? word : usual[key];
      };

      const controls = make('div', { class: 'controls' });
      for (const [key, { title, words }] of Object.entries(choices)) {
        const select = make('select', { name: key },
          ...words.map(word => make('option', { value: word }, word)));
        select.addEventListener('change', () => {
          const word = select.value;
          state.write(now => word === usual[key] ? now.delete(key) : now.set(key, word));
          show();
        });
        controls.append(make('label', {}, title, ' ', select));
      }
      const filters = make('details', { class: 'filters' }, make('summary', {}, 'Which cells'));
      for (const setting of data.settings) {
        // A list of hundreds is no filter.
        if (setting.values.length > 40) continue;
        const boxes = setting.values.map(value => {
          const box = make('input', { type: 'checkbox', value: setting.name + '=' + value });
          box.addEventListener('change', () => {
            state.toggle('not', box.value);
            show();
          });
          return make('label', {}, box, ' ', value);
        });
        filters.append(make('fieldset', {}, make('legend', {}, setting.name), ...boxes));
      }
      const legend = make('ul', { class: 'legend' });
      const panels = make('div', { class: 'panels' });
      const note = make('figcaption', { 'aria-live': 'polite' });
      const figure = make('figure', {}, legend, panels, note);
      root.append(controls, filters, figure);

      const unique = values => [...new Set(values)].sort((a, b) => a - b);
      const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;
      function isWide(values) {
        const above = values.filter(value => value > 0);
        return values.every(value => value >= 0) && Math.max(...above) > 30 * Math.min(...above);
      }

      // The loss by step of each cell.
      function curves(cells) {
        const points = cells.flatMap(cell => cell.curve);
        // What diverged does not flatten the others.
        const ceiling = 1.1 * Math.max(...cells.map(cell => cell.curve[0][1]));
        return {
          x: { ...axis(points.map(([step]) => step), {}), name: 'step' },
          y: { ...axis(points.map(([, loss]) => loss), { ceiling }), name: 'training loss, nats' },
          series: some => ({
            lines: some.map(cell => cell.curve),
            points: some.flatMap(({ curve, label }) => curve
              .filter((_, place) => place % 12 === 0 || place === curve.length - 1)
              .map(([x, y]) =>
                ({ x, y, isHidden: true, text: `${label}, step ${x}: ${text(y, '')}` }))),
          }),
          note: 'A line is the training loss of a cell, smoothed; what is far above the first '
            + 'losses stands at the upper edge.',
        };
      }

      // A metric against a setting.
      function values(cells, place, setting) {
        const { name, unit, meaning } = data.metrics[place];
        const y = cell => cell.metrics[place];
        const numbers = cells.map(setting.number);
        const isLog = Math.min(...numbers) > 0 && Math.max(...numbers) >= 4 * Math.min(...numbers);
        // The values of a setting are its best ticks.
        const at = setting.values.length > 10 ? null
          : setting.values.map((word, n) => ({ value: setting.numbers[n], text: word }));
        return {
          x: {
            ...(setting.isNumeric ? axis(numbers, { at, isLog }) : wordAxis(setting.values)),
            name: setting.name,
          },
          y: { ...axis(cells.map(y), { unit, isLog: isWide(cells.map(y)) }), name },
          series: some => ({
            lines: setting.isNumeric ? [unique(some.map(setting.number)).map(number =>
              [number, mean(some.filter(cell => setting.number(cell) === number).map(y))])] : [],
            points: some.map(cell => ({
              x: setting.number(cell), y: y(cell),
              text: `${cell.label}: ${text(y(cell), unit)}`
                + (cell.status === 'ok' ? '' : ` (${cell.status})`),
            })),
          }),
          note: meaning + (setting.isNumeric
            ? ' A dot is a cell, the line the mean of those alike.' : ' A dot is a cell.'),
        };
      }

      function show() {
        const not = new Set(state.read().getAll('not'));
        for (const one of controls.querySelectorAll('select')) one.value = chosen(one.name);
        for (const box of filters.querySelectorAll('input')) box.checked = !not.has(box.value);
        const isCurve = chosen('y') === CURVE;
        controls.querySelector('[name=x]').disabled = isCurve;
        const metric = data.metrics.findIndex(({ name }) => name === chosen('y'));
        const cells = data.cells.filter(cell =>
          data.settings.every(({ name, values, of }) => !not.has(name + '=' + values[of(cell)]))
          && (isCurve ? cell.curve.length : Number.isFinite(cell.metrics[metric])));
        note.textContent = `${cells.length} of ${data.cells.length} cells. `;
        panels.replaceChildren();
        legend.replaceChildren();
        if (!cells.length) return;

        const drawn = isCurve ? curves(cells) : values(cells, metric, named(chosen('x')));
        const colour = named(chosen('colour')), facet = named(chosen('facet'));
        // A number alone does not say what it is, nor does a yes, a no or nothing.
        const isBare = word => /^(true|false|-)$/.test(word) || Number.isFinite(+word);
        const nameOf = index => !colour ? 'all cells'
          : (colour.values.some(isBare) ? colour.name + ' ' : '') + colour.values[index];
        const shown = colour ? unique(cells.map(colour.of)) : [0];
        const facets = facet ? unique(cells.map(facet.of)) : [null];
        panels.replaceChildren(...facets.map(place => {
          const inside = cells.filter(cell => !facet || facet.of(cell) === place);
          const groups = shown.map(index => ({
            name: nameOf(index), look: look(data, colour, index),
            ...drawn.series(inside.filter(cell => !colour || colour.of(cell) === index)),
          }));
          const title = facet ? `${facet.name} ${facet.values[place]}` : '';
          return panel(groups, drawn.x, drawn.y, title, facets.length === 1 && isRoomy());
        }));
        if (colour) legend.replaceChildren(...shown.map(index => make('li',
          { 'data-series': nameOf(index) }, swatch(look(data, colour, index)), nameOf(index))));
        panels.style.setProperty('--columns', facets.length > 4 ? 3 : facets.length);
        figure.classList.toggle('single', facets.length === 1);
        note.textContent += drawn.note;
        wireLegends(root);
        hideSeries();
      }
      // A drawing alone on a wide page is wide, as the page's own are.
      const isRoomy = () => root.clientWidth >= 672;
      let wasRoomy = isRoomy();
      addEventListener('resize', () => {
        if (isRoomy() === wasRoomy) return;
        wasRoomy = isRoomy();
        show();
      });
      addEventListener('hashchange', show);
      show();
    })();

    """#
}
