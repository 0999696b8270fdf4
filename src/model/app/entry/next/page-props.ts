import { clientValue } from '../../library/platform.ts';
import { platformRequest, responderValue } from '../../library/requests.ts';
import { objectOf, present, undefinedValue, type Value } from '../../value.ts';
import { exportEntry, type Convention, type Entry } from './entry.ts';

/** `getServerSideProps` and `getStaticProps` of a file in `pages/`: what they give goes to the browser with the page. */
export const pageProps: Convention = file => {
  if (!file.isInApp || !file.base.startsWith('pages/') || file.base.startsWith('pages/api/')) return [];
  const module = /\bget(?:ServerSide|Static)Props\b/.test(file.text()) ? file.load() : undefined;
  if (module === undefined) return [];
  const route = `/${file.base
    .replace(/\.(?:[cm]?[jt]sx?)$/, '')
    .replace(/^pages\/?/, '')
    .replace(/(?:^|\/)index$/, '')}`;
  return (['getServerSideProps', 'getStaticProps'] as const)
    .filter(symbol => module.exports.has(symbol))
    .map(symbol =>
      exportEntry(module, 'page', `page ${route}`, symbol, symbol === 'getStaticProps' ? staticContext : context, {
        route,
      }),
    );
};

/** https://nextjs.org/docs/pages/api-reference/functions/get-server-side-props#context-parameter */
function context(parameters: readonly string[]): Entry['given'] {
  return machine => [
    objectOf({
      params: paramsOf(parameters),
      query: { kind: 'object', fields: fieldsOf(parameters, 'query'), spread: [clientValue('query')] },
      req: platformRequest(undefined, parameters),
      res: responderValue(machine),
      resolvedUrl: present({ kind: 'client', path: 'url' }),
      locale: clientValue('locale'),
    }),
  ];
}

/** Built once for everybody who asks: there is no request. */
function staticContext(parameters: readonly string[]): Entry['given'] {
  return () => [objectOf({ params: paramsOf(parameters), locale: undefinedValue })];
}

function paramsOf(parameters: readonly string[]): Value {
  return { kind: 'object', fields: fieldsOf(parameters, 'params'), spread: [] };
}

function fieldsOf(parameters: readonly string[], path: string): ReadonlyMap<string, Value> {
  return new Map(
    parameters.map((name): [string, Value] => {
      const plain = name.replace('...', '');
      return [plain, present({ kind: 'client', path: `${path}.${plain}` })];
    }),
  );
}
