// The script of the report: values at the pointer, names that hide their series, and the state of
// the page, which is kept in its address. Without it the browser shows the same values as titles.

enum ReportScript {
  static let source = #"""
    'use strict';
    document.documentElement.classList.add('js');

    // The state of the page, in its address: #x=lr&off=modern. A plain #section is a place to go
    // to.
    const state = {
      read: () => new URLSearchParams(location.hash.includes('=') ? location.hash.slice(1) : ''),
      write(change) {
        const now = state.read();
        change(now);
        const hash = String(now);
        const place = hash ? '#' + hash : location.pathname + location.search;
        history.replaceState(history.state, '', place);
      },
      toggle(key, value) {
        state.write(now => {
          const all = now.getAll(key);
          now.delete(key);
          for (const one of all) if (one !== value) now.append(key, one);
          if (!all.includes(value)) now.append(key, value);
        });
      },
      has: (key, value) => state.read().getAll(key).includes(value),
    };

    // Series are hidden everywhere by their names.
    function hideSeries() {
      const off = new Set(state.read().getAll('off'));
      for (const part of document.querySelectorAll('[data-series]')) {
        const isOff = off.has(part.dataset.series);
        if (part.matches('.legend li')) part.setAttribute('aria-pressed', String(!isOff));
        else part.classList.toggle('off', isOff);
      }
    }
    function wireLegends(root) {
      for (const key of root.querySelectorAll('.legend li')) {
        key.setAttribute('role', 'button');
        key.tabIndex = 0;
        key.title = 'show or hide';
      }
    }
    function pressed(event) {
      const key = event.target.closest?.('.legend li');
      if (!key) return;
      state.toggle('off', key.dataset.series);
      hideSeries();
    }
    document.addEventListener('click', pressed);
    document.addEventListener('keydown', event => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      if (event.target.matches?.('.legend li')) event.preventDefault();
      pressed(event);
    });

    addEventListener('hashchange', hideSeries);
    wireLegends(document);
    hideSeries();

    // The text of the nearest mark, at the pointer.
    (() => {
      const tip = document.createElement('div');
      tip.className = 'tip';
      tip.hidden = true;
      document.body.append(tip);
      const known = new WeakMap();
      const marksOf = chart => {
        if (!known.has(chart)) known.set(chart, [...chart.querySelectorAll('title')].map(title => {
          const mark = { shape: title.parentNode, text: title.textContent };
          title.remove();
          return mark;
        }));
        return known.get(chart);
      };
      let lit = null;
      const leave = () => {
        tip.hidden = true;
        lit?.classList.remove('lit');
        lit = null;
      };
      document.addEventListener('pointermove', event => {
        const chart = event.target.closest?.('svg.chart');
        if (!chart) return leave();
        let best = null, least = 36;
        for (const mark of marksOf(chart)) {
          const box = mark.shape.getBoundingClientRect();
          if (!box.width) continue;
          const x = box.left + box.width / 2, y = box.top + box.height / 2;
          const far = Math.hypot(x - event.clientX, y - event.clientY);
          if (far < least) { least = far; best = { mark, x, top: box.top }; }
        }
        if (!best) return leave();
        if (lit !== best.mark.shape) lit?.classList.remove('lit');
        lit = best.mark.shape;
        lit.classList.add('lit');
        tip.textContent = best.mark.text;
        tip.hidden = false;
        const half = tip.offsetWidth / 2;
        const wide = document.documentElement.clientWidth;
        const x = Math.max(half + 8, Math.min(wide - half - 8, best.x));
        const above = best.top - tip.offsetHeight - 10;
        tip.style.left = x - half + 'px';
        tip.style.top = (above > 4 ? above : best.top + 22) + 'px';
      });
    })();

    // The contents: where the reader is, and ways to go that leave the state in the address.
    (() => {
      const links = new Map([...document.querySelectorAll('nav a')].map(
        link => [link.getAttribute('href').slice(1), link]));
      for (const [id, link] of links) link.addEventListener('click', event => {
        if (!location.hash.includes('=')) return;
        event.preventDefault();
        document.getElementById(id).scrollIntoView();
      });
      const seen = new IntersectionObserver(entries => {
        for (const entry of entries) {
          if (!entry.isIntersecting) continue;
          for (const link of links.values()) link.removeAttribute('aria-current');
          links.get(entry.target.id)?.setAttribute('aria-current', 'true');
        }
      }, { rootMargin: '-10% 0px -70% 0px' });
      for (const section of document.querySelectorAll('section[id]')) seen.observe(section);
      addEventListener('beforeprint', () => {
        for (const folded of document.querySelectorAll('details')) folded.open = true;
      });
    })();

    """#

  /// What follows a run that goes on; after all else is on the page.
  static let live = #"""
    // A page of a run that goes on reads itself again. Its address, its place and what was unfolded
    // stay, and where nothing is new for long it asks less often.
    (() => {
      const stamp = document.documentElement.dataset.live;
      const folds = [...document.querySelectorAll('details')];
      const parts = [...document.querySelectorAll('header, section[id]')];
      const kept = history.state?.live;
      const title = fold => fold.querySelector('summary').textContent;
      for (const fold of folds) if (kept?.open.includes(title(fold))) fold.open = true;
      if (kept) {
        // The part that was read may have moved, for those above it grow.
        history.scrollRestoration = 'manual';
        const part = parts.find(one => one.id === kept.part);
        const moved = part ? part.getBoundingClientRect().top - kept.top : 0;
        scrollBy({ top: moved, behavior: 'instant' });
      }
      if (!stamp) return;
      const since = kept?.stamp === stamp ? kept.since : Date.now();
      const wait = Math.max(5000, Math.min(60000, (Date.now() - since) / 5));
      const again = () => {
        const isRead = document.querySelector('.tip:not([hidden])')
          || document.activeElement?.matches('select') || String(getSelection());
        if (isRead) return setTimeout(again, 2000);
        const open = folds.filter(fold => fold.open).map(title);
        const part = parts.findLast(one => one.getBoundingClientRect().top <= 100) ?? parts[0];
        const top = part.getBoundingClientRect().top;
        history.replaceState({ live: { stamp, since, open, part: part.id, top } }, '');
        location.reload();
      };
      setTimeout(again, wait);
    })();

    """#
}
