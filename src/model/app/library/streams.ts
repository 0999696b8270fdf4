import type { Call, Handler } from '../machine.ts';
import { undefinedValue, type Value } from '../value.ts';

/** `pipeline(body, transform, response)`: what goes in is the answer, where it ends in the answer. */
const pipeline: Handler = call => {
  const streams = call.arguments.filter(argument => argument.kind !== 'function' && argument.kind !== 'object');
  const [from] = streams;
  if (from !== undefined && isAnswer(streams.at(-1))) answer(call, from);
  return { kind: 'promise', value: undefinedValue, facts: [] };
};

/** `body.pipe(response)`. */
export function noteAnswer(call: Call, from: Value): void {
  if (isAnswer(call.arguments[0])) answer(call, from);
}

function isAnswer(value: Value | undefined): boolean {
  return value?.kind === 'native' && value.native.name === 'responder';
}

function answer({ machine, frame, at, end }: Call, value: Value): void {
  machine.emit(frame, { kind: 'return', value, place: machine.place(frame, at, end) });
}

/** Node's streams. https://nodejs.org/api/stream.html#streampipelinesource-transforms-destination-options */
export const streamHandlers: Readonly<Record<string, Handler>> = {
  'stream#pipeline': pipeline,
  'stream#promises.pipeline': pipeline,
  'stream/promises#pipeline': pipeline,
};
