/** `/api` and `/notes/{id}` as one pattern: `/api/notes/:id`. */
export function joinRoute(base: string, path: string): string {
  const plain = path.replaceAll(/\{(\w+)(?::[^}]*)?\}/g, ':$1').replaceAll(/(:\w+)\{[^}]*\}/g, '$1');
  const joined = `${base}/${plain}`.replaceAll(/\/{2,}/g, '/');
  return joined.length > 1 ? joined.replace(/\/$/, '') : joined;
}

/** Names of the parameters in a pattern. */
export function parametersIn(path: string): readonly string[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
}

/**
 * Whether every request that a route answers passes a stage that was told for `pattern`. A fixed segment where the route
 * has a parameter leads to some of them only, which guards nothing.
 */
export function leadsTo(pattern: string, route: string): boolean {
  const wanted = segmentsOf(pattern);
  const given = segmentsOf(route);
  for (const [index, segment] of wanted.entries()) {
    if (segment === '*' || segment === '**') return index === wanted.length - 1 || given.length > index;
    const other = given[index];
    if (other === undefined) return false;
    if (segment.startsWith(':') ? other === '*' : segment !== other) return false;
  }
  return wanted.length === given.length;
}

function segmentsOf(path: string): readonly string[] {
  return path.split('/').filter(segment => segment !== '');
}
