import { callValue, within } from '../calls.ts';
import type { Call, FunctionClosure } from '../machine.ts';
import type { Fact } from '../types.ts';
import { fieldOf, present, type Value } from '../value.ts';

/** A function that a library calls with what it verified, or with what a caller sent. Data only. */
interface Callback {
  readonly library: string;
  readonly callee: RegExp;
  readonly argument: number;
  /** The option that holds the function. */
  readonly field?: string;
  readonly given: 'verified event' | 'what the caller sent';
}

const callbacks: readonly Callback[] = [
  // Calls back only after the directory's secret was compared.
  { library: '@boxyhq/saml-jackson', callee: /\.requests\.handle$/, argument: 1, given: 'verified event' },
  {
    library: '@vercel/blob',
    callee: /^handleUpload$/,
    argument: 0,
    field: 'onBeforeGenerateToken',
    given: 'what the caller sent',
  },
  // The storage calls this one, with a signature that the library verifies.
  {
    library: '@vercel/blob',
    callee: /^handleUpload$/,
    argument: 0,
    field: 'onUploadCompleted',
    given: 'verified event',
  },
];

/** Runs the functions of a call that a library is known to call back; false when it is none of those. */
export function runKnownCallbacks(call: Call, library: string, callee: string): boolean {
  const root = library
    .split('/')
    .slice(0, library.startsWith('@') ? 2 : 1)
    .join('/');
  const known = callbacks.filter(callback => callback.library === root && callback.callee.test(callee));
  for (const callback of known) {
    const argument = call.arguments[callback.argument];
    const value = argument === undefined || callback.field === undefined ? argument : fieldOf(argument, callback.field);
    if (value?.kind === 'function') runCallback(call, value, callback.given);
  }
  return known.length > 0;
}

function runCallback(call: Call, value: Extract<Value, { kind: 'function' }>, given: Callback['given']): void {
  const { machine, frame } = call;
  const isVerified = given === 'verified event';
  const { parameters } = (value.closure as FunctionClosure).code;
  const values = parameters.map((_, index): Value => {
    const path = isVerified ? 'event' : `upload.${index}`;
    return present({ kind: isVerified ? 'event' : 'client', path });
  });
  const place = machine.place(frame, call.at, call.end);
  const facts: readonly Fact[] = isVerified
    ? [{ holds: { kind: 'system' }, place, label: 'the library verified it' }]
    : [];
  within(frame, facts, () => callValue(machine, frame, value, values, { at: call.at, end: call.end }));
}
