"""Opens reports in a headless Chromium and fails where a reader would see something wrong.

    python3 Tests/report/render.py REPORT.html ...

Each page is shown 375, 1280 and 1920 pixels wide, light and dark, all that is folded opened. A failure is: a
script's error or a message on the console, a breach of the page's own policy (which allows no network), anything
fetched, what is taller once it is seen, content wider than the page, a table that must be scrolled at 1280 pixels or more, a name or a unit of a table
that is broken, a text of a drawing that leaves it, lies on another or is too small or too large to read, a section of
drawings that leaves a wide page empty, a forest plot of nothing but "too few", cards or boxes that touch, words in a column too narrow to read, NaN in a drawing, a chart without a description, a pointer over a mark that shows no
value, a name of a legend that does not hide its series, and choices of the section Explore that draw something else,
begin with one setting for two things, leave a word of an axis out, or are not in the address. Without a Chromium it says so and succeeds.
"""

import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless_shell"]

# Runs before anything of the page's own.
WATCH = """<script>
window.faults = [];
addEventListener('error', e => faults.push('error: ' + e.message));
addEventListener('securitypolicyviolation', e => faults.push('policy: ' + e.violatedDirective + ' ' + e.blockedURI));
</script>"""

CHECK = """<script>
addEventListener('load', () => setTimeout(() => {
  const wide = document.documentElement.clientWidth;
  for (const fold of document.querySelectorAll('details')) fold.open = true;
  // What is not laid out yet is as tall as it will be: of a drawing it is known, of a table's rows on a wide page nearly.
  const late = [...document.querySelectorAll('.chart, [style^="--rows"]')];
  const unseen = late.map(part => part.getBoundingClientRect().height);
  for (const part of late) part.style.contentVisibility = 'visible';
  late.forEach((part, place) => {
    const seen = part.getBoundingClientRect().height, off = Math.abs(seen - unseen[place]);
    if (part.matches('.chart') ? off > 1 : wide >= 1280 && off > 100 + seen / 2)
      faults.push(part.getAttribute('class') + ' is ' + unseen[place] + ' px tall unseen and ' + seen + ' seen');
  });
  for (const part of late) part.style.contentVisibility = '';
  if (document.documentElement.scrollWidth > wide)
    faults.push('the page is ' + document.documentElement.scrollWidth + ' px wide, not ' + wide);
  for (const shape of document.querySelectorAll('main *')) {
    if (shape.closest('.scroll') || shape.closest('details:not([open])')) continue;
    const box = shape.getBoundingClientRect();
    if (box.width > 0 && box.right > wide + 1)
      faults.push('beyond the edge: ' + shape.tagName + ' ' + shape.textContent.slice(0, 40));
  }
  for (const box of document.querySelectorAll('.scroll'))
    if (wide >= 1280 && box.scrollWidth > box.clientWidth + 1)
      faults.push('cut at ' + box.clientWidth + ' of ' + box.scrollWidth + ' px: ' + box.textContent.slice(0, 60));
  for (const part of document.querySelectorAll('main *')) {
    const style = getComputedStyle(part);
    if (style.overflowX !== 'visible' && !part.closest('.scroll, svg, select') && part.scrollWidth > part.clientWidth + 1)
      faults.push('clipped: ' + part.className + ' ' + part.textContent.slice(0, 40));
  }
  for (const cell of document.querySelectorAll('.scroll td.l'))
    if (cell.textContent.length > 26 && cell.getBoundingClientRect().width < 120 && cell.getClientRects().length)
      faults.push('words in a column of ' + Math.round(cell.getBoundingClientRect().width) + ' px: ' + cell.textContent);
  for (const cell of document.querySelectorAll('th')) {
    const last = cell.lastChild;
    if (last?.previousSibling?.nodeName === 'WBR' && last.textContent.length <= 2)
      faults.push('a header breaks off "' + last.textContent + '" of ' + cell.textContent);
  }
  for (const cell of wide >= 1280 ? document.querySelectorAll('td.l') : []) {
    if (/\s/.test(cell.textContent) || cell.textContent.length > 24) continue;
    const lines = document.createRange();
    lines.selectNodeContents(cell);
    if (new Set([...lines.getClientRects()].map(line => line.top)).size > 1)
      faults.push('a name is broken: ' + cell.textContent);
  }
  const main = document.querySelector('main').getBoundingClientRect();
  for (const section of wide >= 1280 ? document.querySelectorAll('section[id]') : []) {
    const drawn = [...section.querySelectorAll('figure')].filter(one => one.querySelector('svg.chart'));
    const edges = drawn.flatMap(one => [...one.querySelectorAll('svg.chart, figcaption')])
      .map(one => one.getBoundingClientRect()).filter(box => box.width > 0).map(box => box.right);
    if (edges.length && Math.max(...edges) < main.left + 0.9 * main.width)
      faults.push('section ' + section.id + ' leaves the page empty from ' + Math.round(Math.max(...edges)) + ' px on');
  }
  for (const plot of document.querySelectorAll('.forest-rows')) {
    const said = [...plot.querySelectorAll('.forest-verdict')].map(one => one.textContent);
    if (said.every(text => text.includes('too few'))) faults.push('a forest plot says nothing but ' + said[0]);
  }
  const cards = [...document.querySelectorAll('.card, .answers > li, .coverage')].map(card => card.getBoundingClientRect());
  cards.forEach((card, place) => {
    for (const other of cards.slice(place + 1))
      if (card.left < other.right + 6 && other.left < card.right + 6 && card.top < other.bottom + 6 && other.top < card.bottom + 6)
        faults.push('cards or boxes touch at ' + Math.round(other.top) + ' px');
  });
  const overlap = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
  const apart = (texts, where) => {
    const boxes = texts.map(text => [text.getBoundingClientRect(), text.textContent]).filter(([box]) => box.width > 0);
    boxes.forEach(([box, text], place) => {
      for (const [other, more] of boxes.slice(place + 1))
        if (overlap(box, other)) faults.push('"' + text + '" lies on "' + more + '" in ' + where);
    });
  };
  const checkTexts = root => {
    for (const chart of root.querySelectorAll('svg.chart')) {
      const frame = chart.getBoundingClientRect();
      if (!frame.width) continue;
      const texts = [...chart.querySelectorAll('text')].filter(text => !text.classList.contains('off'));
      const scale = frame.width / chart.viewBox.baseVal.width;
      for (const text of texts) {
        const box = text.getBoundingClientRect();
        const size = parseFloat(getComputedStyle(text).fontSize) * scale;
        if (size < 9 || size > 18) faults.push('"' + text.textContent + '" is ' + size.toFixed(1) + ' px large');
        if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
          faults.push('"' + text.textContent + '" leaves the chart ' + chart.getAttribute('aria-label').slice(0, 60));
      }
      // Turned texts have boxes larger than they are.
      apart(texts.filter(text => !text.hasAttribute('transform')), chart.getAttribute('aria-label').slice(0, 60));
    }
  };
  checkTexts(document);
  for (const scale of document.querySelectorAll('.forest-scale')) apart([...scale.children], 'a forest plot');
  for (const row of document.querySelectorAll('.forest-row')) apart([...row.querySelectorAll('span')], 'a row of a forest plot');
  for (const entry of performance.getEntriesByType('resource')) faults.push('fetched: ' + entry.name);
  const charts = [...document.querySelectorAll('svg.chart')];
  for (const chart of charts) {
    if (/NaN|Infinity|undefined/.test(chart.outerHTML)) faults.push('NaN in a chart');
    if (!chart.getAttribute('aria-label')) faults.push('a chart without a description');
  }
  for (const chart of charts) {
    const mark = chart.querySelector('.mark, .hit');
    if (!mark || !chart.getBoundingClientRect().width) continue;
    chart.scrollIntoView();
    const box = mark.getBoundingClientRect();
    chart.dispatchEvent(new PointerEvent('pointermove',
      {clientX: box.left + box.width / 2, clientY: box.top + box.height / 2, bubbles: true}));
    const tip = document.querySelector('.tip');
    if (!tip || tip.hidden || !tip.textContent) faults.push('no value at the pointer');
    const edge = tip && tip.getBoundingClientRect();
    if (edge && (edge.left < 0 || edge.right > wide)) faults.push('the value is cut off');
  }
  const key = document.querySelector('.legend li');
  if (key) {
    const parts = [...document.querySelectorAll('[data-series]')].filter(
      part => part.dataset.series === key.dataset.series && !part.matches('.legend li'));
    key.click();
    if (!parts.length || parts.some(part => part.isConnected && getComputedStyle(part).display !== 'none'))
      faults.push('a legend hides no series');
    if (!location.hash.includes('off=')) faults.push('what is hidden is not in the address');
    key.click();
  }
  const explorer = document.querySelector('.explorer');
  if (explorer) {
    const choose = (name, word) => {
      const select = explorer.querySelector('[name=' + name + ']');
      select.value = word;
      select.dispatchEvent(new Event('change'));
    };
    const words = name => [...explorer.querySelector('[name=' + name + ']').options].map(option => option.value);
    const chosen = name => explorer.querySelector('[name=' + name + ']').value;
    if (words('x').length > 1 && chosen('x') === chosen('colour')) faults.push('axis and colour begin with the same setting');
    const count = () => explorer.querySelectorAll('svg.chart').length;
    // Everything that can be chosen is drawn.
    for (const name of ['y', 'x', 'colour', 'facet'])
      for (const word of words(name)) {
        choose(name, word);
        if (!count()) faults.push('nothing is drawn of ' + name + ' ' + word);
        if (/NaN|Infinity|undefined/.test(explorer.querySelector('.panels').outerHTML)) faults.push('NaN in ' + name + ' ' + word);
        if (explorer.querySelector('[name=' + name + ']').value !== word) faults.push('not chosen: ' + name + ' ' + word);
        checkTexts(explorer);
        const axis = explorer.querySelectorAll('.panels svg.chart');
        if (name === 'x' && axis.length && !axis[0].querySelector('.ticks [text-anchor=middle], .ticks [transform]'))
          faults.push('no ticks along ' + word);
      }
    if (words('facet').length > 1 && !location.hash.includes('facet=')) faults.push('what is chosen is not in the address');
    const boxes = [...explorer.querySelectorAll('.filters input')];
    const all = explorer.querySelector('figcaption').textContent;
    // The first one does; of several experiments it may have nothing of what is drawn.
    const tried = document.querySelector('[id^="experiment-1-"]') ? 8 : 1;
    let changes = 0;
    for (const box of boxes.slice(0, tried)) {
      if (changes) break;
      box.click();
      if (explorer.querySelector('figcaption').textContent !== all) changes += 1;
      if (!location.hash.includes('not=')) faults.push('a filter is not in the address');
      box.click();
    }
    if (boxes.length && !changes) faults.push('a filter leaves no cell out');
    history.replaceState(null, '', location.pathname);
    dispatchEvent(new HashChangeEvent('hashchange'));
    if (words('facet').length > 1 && explorer.querySelector('[name=facet]').value !== words('facet')[0])
      faults.push('the address does not say what is chosen');
  }
  parent.postMessage({faults: [...new Set(faults)], charts: charts.length,
    dark: matchMedia('(prefers-color-scheme: dark)').matches, wide}, '*');
}, 50));
</script>"""

FRAME = """<!doctype html><title>frame</title><body style="margin:0">
<script>addEventListener('message', e => { document.getElementById('said').textContent = JSON.stringify(e.data); });</script>
<iframe src="page.html" style="width:WIDTHpx;height:900px;border:0"></iframe><pre id="said"></pre>"""


def look(browser, page, width, dark):
    """What the page says of itself at a width, and what it wrote to the console."""
    with tempfile.TemporaryDirectory() as folder:
        text = page.read_text(encoding="utf-8").replace("<head>", "<head>" + WATCH, 1)
        Path(folder, "page.html").write_text(text.replace("</body>", CHECK + "</body>"), encoding="utf-8")
        frame = Path(folder, "frame.html")
        frame.write_text(FRAME.replace("WIDTH", str(width)), encoding="utf-8")
        run = subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--disable-background-networking",
             f"--user-data-dir={folder}/profile", "--enable-logging=stderr", "--virtual-time-budget=4000",
             "--window-size=2000,1000", f"--blink-settings=preferredColorScheme={0 if dark else 1}",
             "--dump-dom", frame.as_uri()],
            capture_output=True, text=True, timeout=1800)
    said = re.search(r'<pre id="said">(.*?)</pre>', run.stdout, re.DOTALL)
    if not said or not said.group(1):
        return None, ["the page did not answer: " + run.stderr[-300:]]
    answer = json.loads(html.unescape(said.group(1)))
    console = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    return answer, answer["faults"] + console


def outside(page):
    """References that would leave the page."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r'<[a-z][^>]*\s(?:src|href|action|data)="(?!#|data:)([^"]*)"', text)
    return [f"refers to {name}" for name in found] + re.findall(r"@import[^;]*|url\([^)]*\)", text)


def main(paths):
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if not browser:
        print("skipped: there is no Chromium here")
        return 0
    failed = 0
    for page in map(Path, paths):
        faults = outside(page)
        charts = 0
        for width in (375, 1280, 1920):
            for dark in (False, True):
                answer, found = look(browser, page, width, dark)
                if answer:
                    charts = answer["charts"]
                    if answer["wide"] != width or answer["dark"] != dark:
                        found.append(f"shown as {answer}")
                faults += [f"{width} px{', dark' if dark else ''}: {fault}" for fault in found]
        for fault in faults:
            print(f"{page}: {fault}")
        print(f"{page}: {charts} charts, {len(faults)} faults, {page.stat().st_size} bytes")
        failed += bool(faults)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
