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
const openTarget = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = target && target.querySelector('details');
  if (details) details.open = true;
};
addEventListener('hashchange', openTarget);
openTarget();
let closed = [];
addEventListener('beforeprint', () => {
  closed = [...document.querySelectorAll('.finding details:not([open])')];
  for (const details of closed) details.open = true;
});
addEventListener('afterprint', () => { for (const details of closed) details.open = false; });
for (const button of document.querySelectorAll('[data-open]')) {
  button.hidden = false;
  button.addEventListener('click', () => {
    for (const details of document.querySelectorAll('.finding > details')) details.open = button.dataset.open === 'all';
  });
}
`;
