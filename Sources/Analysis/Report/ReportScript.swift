// The script of the report: it shows the texts of a chart's marks at the pointer. Without it the
// browser shows the same texts as titles.

enum ReportScript {
  static let source = """
    (() => {
      const tip = document.createElement('div');
      tip.className = 'tip';
      tip.hidden = true;
      document.body.append(tip);
      for (const chart of document.querySelectorAll('svg.chart')) {
        const marks = [...chart.querySelectorAll('title')].map(title => {
          const mark = { shape: title.parentNode, text: title.textContent };
          title.remove();
          return mark;
        });
        if (!marks.length) continue;
        let lit = null;
        const leave = () => {
          tip.hidden = true;
          if (lit) lit.classList.remove('lit');
          lit = null;
        };
        chart.addEventListener('pointermove', event => {
          let best = null, least = 36;
          for (const mark of marks) {
            const box = mark.shape.getBoundingClientRect();
            const x = box.left + box.width / 2, y = box.top + box.height / 2;
            const far = Math.hypot(x - event.clientX, y - event.clientY);
            if (far < least) { least = far; best = { mark, x, y, top: box.top }; }
          }
          if (!best) return leave();
          if (lit && lit !== best.mark.shape) lit.classList.remove('lit');
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
        chart.addEventListener('pointerleave', leave);
      }
      const links = new Map([...document.querySelectorAll('nav a')].map(
        link => [link.getAttribute('href').slice(1), link]));
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
    """
}
