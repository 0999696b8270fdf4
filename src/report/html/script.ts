/**
 * The one script of a report. The page says everything without it; with it, a node of the map shows its paths through
 * the files, findings open when they are linked to, and everything is open when it is printed.
 */
export const inlineScript = `
'use strict';
for (const map of document.querySelectorAll('.map')) {
  const trail = document.getElementById('trail-' + map.dataset.map);
  const list = trail && trail.querySelector('ul');
  const parts = [...map.querySelectorAll('[data-paths]')].map(element => ({ element, paths: element.dataset.paths.split(' ') }));
  const clear = () => {
    map.classList.remove('following');
    for (const { element } of parts) element.classList.remove('on');
    if (trail) trail.hidden = true;
  };
  const follow = (chosen, name) => {
    map.classList.add('following');
    for (const { element, paths } of parts) element.classList.toggle('on', paths.some(path => chosen.includes(path)));
    if (!trail) return;
    trail.querySelector('b').textContent = name;
    list.replaceChildren(...chosen.slice(0, 12).flatMap(index => {
      const source = document.getElementById(map.dataset.map + '-path-' + index);
      if (!source) return [];
      const copy = source.cloneNode(true);
      copy.removeAttribute('id');
      for (const inner of copy.querySelectorAll('details')) inner.open = true;
      return [copy];
    }));
    if (chosen.length > 12) list.append(Object.assign(document.createElement('li'), { textContent: '… ' + (chosen.length - 12) + ' more in the list of all paths' }));
    trail.hidden = false;
  };
  for (const { element, paths } of parts) {
    if (!element.classList.contains('node')) continue;
    element.setAttribute('tabindex', '0');
    element.setAttribute('role', 'button');
    const choose = event => {
      event.preventDefault();
      follow(paths, element.querySelector('title').textContent.split('\\n')[0]);
    };
    element.addEventListener('click', choose);
    element.addEventListener('keydown', event => {
      if (event.key === 'Enter' || event.key === ' ') choose(event);
      if (event.key === 'Escape') clear();
    });
  }
  if (trail) trail.querySelector('button').addEventListener('click', clear);
  document.addEventListener('keydown', event => { if (event.key === 'Escape') clear(); });
}
for (const picture of document.querySelectorAll('.picture')) {
  const bar = picture.querySelector('.filter-bar');
  const input = bar.querySelector('input');
  const chips = [...bar.querySelectorAll('.chip')];
  let rows = [...picture.querySelectorAll('tr.object')];
  const packed = picture.querySelector('.later-rows');
  const later = picture.querySelector('.later');
  const total = rows.length + (later ? Number(later.dataset.count) : 0);
  const status = bar.querySelector('.shown');
  const none = picture.querySelector('.none');
  bar.hidden = false;
  // What is kept back is unpacked when somebody asks for it, and what its boxes open when one is chosen.
  const unpack = async () => {
    const bytes = Uint8Array.from(atob(packed.content.textContent), letter => letter.charCodeAt(0));
    const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).text();
    const place = (around, html) => {
      const made = document.createElement('template');
      made.innerHTML = html;
      const added = [...made.content.children].filter(each => !each.id || !document.getElementById(each.id));
      around.append(...added);
      return added;
    };
    const bodies = new Map();
    for (const [grid, group, row, popovers, sets] of JSON.parse(text)) {
      const key = grid + group;
      if (!bodies.has(key)) bodies.set(key, picture.querySelectorAll('table.matrix[data-grid="' + grid + '"] tbody')[group]);
      bodies.get(key).hidden = false;
      const [line] = place(bodies.get(key), row);
      line.addEventListener('click', () => { place(picture.parentElement, popovers); place(picture.parentElement, sets); }, { once: true, capture: true });
    }
    packed.remove();
    later.remove();
    rows = [...picture.querySelectorAll('tr.object')];
  };
  let unpacking;
  const whole = () => packed ? (unpacking ??= unpack()) : undefined;
  if (later) {
    const button = later.querySelector('button');
    button.hidden = false;
    later.querySelector('span').hidden = true;
    button.addEventListener('click', async () => { await whole(); narrow(); });
  }
  const narrow = async () => {
    if (packed && (input.value.trim() !== '' || chips.some(chip => chip.getAttribute('aria-pressed') === 'true'))) await whole();
    const words = input.value.trim().toLowerCase().split(/\\s+/).filter(word => word !== '');
    const wanted = chips.filter(chip => chip.getAttribute('aria-pressed') === 'true').map(chip => chip.dataset.standing);
    let shown = 0;
    for (const row of rows) {
      row.hidden = !(words.every(word => row.dataset.name.includes(word)) && (wanted.length === 0 || wanted.includes(row.dataset.standing)));
      if (!row.hidden) shown += 1;
    }
    for (const body of picture.querySelectorAll('tbody')) {
      const own = body.querySelectorAll('tr.object:not([hidden])').length;
      body.hidden = own === 0;
      body.querySelector('.group b').textContent = String(own);
    }
    for (const table of picture.querySelectorAll('.grid-scroll')) table.hidden = !table.querySelector('tr.object:not([hidden])');
    none.hidden = shown > 0;
    status.textContent = words.length + wanted.length === 0 ? '' : shown + ' of ' + total;
    for (const grid of grids) grid.settle();
  };
  input.addEventListener('input', narrow);
  input.addEventListener('keydown', event => { if (event.key === 'Escape') { input.value = ''; narrow(); } });
  for (const chip of chips) chip.addEventListener('click', () => {
    chip.setAttribute('aria-pressed', String(chip.getAttribute('aria-pressed') !== 'true'));
    narrow();
  });
  const grids = [...picture.querySelectorAll('table.matrix')].map(table => {
    const lines = () => [...table.querySelectorAll('tr.object:not([hidden])')].map(row => [...row.querySelectorAll('td')].map(box => box.querySelector('button')));
    const cells = () => table.querySelectorAll('.cell');
    const settle = () => {
      const visible = lines().flat().filter(Boolean);
      const kept = visible.find(button => button.tabIndex === 0 && button.dataset.stop === 'yes') || visible[0];
      for (const button of cells()) { button.tabIndex = button === kept ? 0 : -1; button.dataset.stop = button === kept ? 'yes' : ''; }
    };
    table.addEventListener('keydown', event => {
      const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!move || !event.target.classList.contains('cell')) return;
      event.preventDefault();
      const here = lines();
      let row = here.findIndex(line => line.includes(event.target));
      let column = here[row].indexOf(event.target);
      for (;;) {
        row += move[0];
        column += move[1];
        if (!here[row] || column < 0 || column >= here[row].length) return;
        if (here[row][column]) break;
      }
      const next = here[row][column];
      for (const button of cells()) { button.tabIndex = button === next ? 0 : -1; button.dataset.stop = button === next ? 'yes' : ''; }
      next.focus();
    });
    settle();
    return { settle };
  });
}
const openTarget = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = target && target.querySelector('details');
  if (details) details.open = true;
  const around = target && target.closest('.cause > details');
  if (around) around.open = true;
};
addEventListener('hashchange', openTarget);
openTarget();
let closed = [];
addEventListener('beforeprint', () => {
  closed = [...document.querySelectorAll('.finding details:not([open]), .cause > details:not([open])')];
  for (const details of closed) details.open = true;
});
addEventListener('afterprint', () => { for (const details of closed) details.open = false; });
for (const button of document.querySelectorAll('[data-open]')) {
  button.hidden = false;
  button.addEventListener('click', () => {
    for (const details of document.querySelectorAll('.finding > details, .cause > details')) details.open = button.dataset.open === 'all';
  });
}
`;
