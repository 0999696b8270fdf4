import { quoteName } from '../../core/quote.ts';

/** What a stand-in answers, by the type of the answer: whatever lets more rows through, and a place somewhere. */
const answers: Readonly<Record<string, string>> = {
  boolean: 'select true',
  'double precision': 'select 0::double precision',
  integer: 'select 4326',
  text: `select ''::text`,
};

const booleans =
  'intersects contains within covers coveredby overlaps touches crosses equals disjoint containsproperly 3dintersects';
const measures = 'x y z m area length perimeter azimuth distance distancesphere distancespheroid xmin xmax ymin ymax';
const shapes =
  'centroid envelope convexhull makevalid force2d multi boundary pointonsurface startpoint endpoint flipcoordinates reverse';

/**
 * PostGIS, which no replica brings: its types as texts, and the functions that schemas use as answers that let through. All of
 * it belongs to an extension, as it does where it is real: nobody's schema is judged by it.
 */
export function postgisStandIn(schema: string): string {
  const place = (name: string): string => `${quoteName(schema)}.${name}`;
  const made = ['geometry', 'geography'].map(name => typeOf(place(name), place('geotypmod_in')));
  const functions = ['geometry', 'geography'].flatMap(name => functionsOn(name, place));
  const ways = [
    `create cast (${place('geometry')} as ${place('geography')}) without function as implicit`,
    `create cast (${place('geography')} as ${place('geometry')}) without function`,
  ];
  const operators = ['geometry', 'geography'].flatMap(name => operatorsOn(name, place));
  return [
    `create function ${place('geotypmod_in')}(cstring[]) returns integer language internal immutable strict as 'array_ndims'`,
    `alter extension plpgsql add function ${place('geotypmod_in')}(cstring[])`,
    ...made,
    ...ways,
    ...new Set([...functions, ...makers(place)]),
    ...operators,
  ].join(';\n');
}

type Place = (name: string) => string;

/** A text whose modifier (`geometry(point, 4326)`) is read and forgotten. */
function typeOf(name: string, modifier: string): string {
  const [input, output] = [`${name}_in`, `${name}_out`];
  return [
    `create type ${name}`,
    `create function ${input}(cstring, oid, integer) returns ${name} language internal immutable strict as 'textin'`,
    `create function ${output}(${name}) returns cstring language internal immutable strict as 'textout'`,
    `create type ${name} (input = ${input}, output = ${output}, typmod_in = ${modifier}, like = text)`,
    `alter extension plpgsql add type ${name}`,
    `alter extension plpgsql add function ${input}(cstring, oid, integer)`,
    `alter extension plpgsql add function ${output}(${name})`,
  ].join(';\n');
}

function functionsOn(name: string, place: Place): readonly string[] {
  const type = place(name);
  const same = [type, type];
  return [
    ...booleans.split(' ').map(each => define(place, each, same, 'boolean')),
    ...[
      [...same, 'double precision'],
      [...same, 'double precision', 'boolean'],
    ].map(from => define(place, 'dwithin', from, 'boolean')),
    ...['isvalid', 'isempty', 'isclosed', 'issimple'].map(each => define(place, each, [type], 'boolean')),
    ...measures
      .split(' ')
      .map(each => define(place, each, /distance|azimuth/.test(each) ? same : [type], 'double precision')),
    ...[[type], [type, 'boolean']].map(from => define(place, 'srid', from, 'integer')),
    ...['astext', 'asgeojson', 'asewkt', 'geohash', 'geometrytype'].flatMap(each =>
      [[type], [type, 'integer']].map(from => define(place, each, from, 'text')),
    ),
    ...shapes.split(' ').map(each => define(place, each, [type], type)),
    ...['setsrid', 'transform'].map(each => define(place, each, [type, 'integer'], type)),
    ...['buffer', 'simplify', 'snaptogrid'].map(each => define(place, each, [type, 'double precision'], type)),
    ...['union', 'intersection', 'difference', 'closestpoint', 'makeline', 'collect'].map(each =>
      define(place, each, same, type),
    ),
  ];
}

/** Functions that make a shape out of something else. */
function makers(place: Place): readonly string[] {
  const numbers = (count: number): readonly string[] => Array.from({ length: count }, () => 'double precision');
  const geometry = place('geometry');
  const fromNumbers: readonly (readonly [string, readonly string[]])[] = [
    ['makepoint', numbers(2)],
    ['makepoint', numbers(3)],
    ['point', numbers(2)],
    ['point', [...numbers(2), 'integer']],
    ['makeenvelope', numbers(4)],
    ['makeenvelope', [...numbers(4), 'integer']],
  ];
  const fromTexts: readonly (readonly [string, readonly string[]])[] = [
    ['geomfromtext', ['text']],
    ['geomfromtext', ['text', 'integer']],
    ['geomfromewkt', ['text']],
    ...['text', 'json', 'jsonb'].map(type => ['geomfromgeojson', [type]] as const),
    ...[2, 3].map(count => ['estimatedextent', Array.from({ length: count }, () => 'text')] as const),
    ['estimatedextent', ['text', 'text', 'text', 'boolean']],
  ];
  return [
    ...[...fromNumbers, ...fromTexts].map(([name, from]) => define(place, name, from, geometry)),
    ...['geogfromtext', 'geographyfromtext'].map(name => define(place, name, ['text'], place('geography'))),
  ];
}

function define(place: Place, name: string, from: readonly string[], to: string): string {
  const signature = `${place(`st_${name}`)}(${from.join(', ')})`;
  const body = answers[to] ?? (from[0] === to ? 'select $1' : `select 'POINT(0 0)'::text::${to}`);
  return [
    `create function ${signature} returns ${to} language sql immutable as $$${body}$$`,
    `alter extension plpgsql add function ${signature}`,
  ].join(';\n');
}

function operatorsOn(name: string, place: Place): readonly string[] {
  const sides = `leftarg = ${place(name)}, rightarg = ${place(name)}`;
  return [
    `create operator ${place('&&')} (${sides}, function = ${place('st_intersects')})`,
    `create operator ${place('<->')} (${sides}, function = ${place('st_distance')})`,
  ];
}
