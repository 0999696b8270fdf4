import { callValue, handlerValue } from '../../calls.ts';
import { valueKey } from '../../keys.ts';
import type { Call, Handler } from '../../machine.ts';
import type { Fact } from '../../types.ts';
import { objectOf, undefinedValue, type Value } from '../../value.ts';
import type { EntryAdapter } from '../adapter.ts';

function verified(call: Call): Fact {
  const place = call.machine.place(call.frame, call.at, call.end);
  return { holds: { kind: 'system' }, place, label: 'the signature of the event was verified' };
}

function told(call: Call, library: string, callee: string): void {
  const { machine, frame, at, end } = call;
  machine.emit(frame, {
    kind: 'call',
    library,
    callee,
    arguments: call.arguments,
    place: machine.place(frame, at, end),
  });
}

const eventValue: Value = {
  kind: 'term',
  term: { kind: 'event', path: 'event' },
  maybeUndefined: false,
  truthy: true,
};

/** Throws unless the signature is right; gives the event. */
function verifies(library: string, callee: string, promised: boolean): Handler {
  return call => {
    told(call, library, callee);
    call.machine.noteSource(call.frame, { kind: 'event', path: 'event' }, call.at);
    const fact = verified(call);
    if (promised) return { kind: 'promise', value: eventValue, facts: [fact] };
    call.frame.learn([fact]);
    return eventValue;
  };
}

/** Says whether the signature is right. */
function asks(library: string, callee: string): Handler {
  return call => {
    told(call, library, callee);
    const test: Value = { kind: 'test', whenTrue: [verified(call)], whenFalse: [] };
    return { kind: 'promise', value: test, facts: [] };
  };
}

/** Wraps a handler, which runs only after the signature was verified. */
function wraps(library: string, callee: string): Handler {
  return outer => {
    const [handler = undefinedValue] = outer.arguments;
    return handlerValue(callee, `${callee} ${valueKey(handler)}`, call => {
      told(call, library, callee);
      call.frame.learn([verified(call)]);
      return callValue(call.machine, call.frame, handler, call.arguments, { at: call.at, end: call.end });
    });
  };
}

/** `Webhooks({ webhookSecret, onPayload })`: each function of the options runs with a verified event. */
function handles(library: string, callee: string): Handler {
  return outer => {
    const [options = undefinedValue] = outer.arguments;
    return handlerValue(callee, `${callee} ${valueKey(options)}`, call => {
      told(call, library, callee);
      const { machine, frame, at, end } = call;
      frame.learn([verified(call)]);
      const functions = options.kind === 'object' ? [...options.fields.values()] : [];
      for (const value of functions.filter(field => field.kind === 'function')) {
        const before = frame.save();
        callValue(machine, frame, value, [eventValue], { at, end });
        frame.restore(before);
      }
      return { kind: 'promise', value: undefinedValue, facts: [] };
    });
  };
}

/** `serve(async context => …)`: a workflow whose steps the platform calls, signed. */
const workflow: Handler = outer => {
  const [body = undefinedValue] = outer.arguments;
  const POST = handlerValue('workflow', `workflow ${valueKey(body)}`, call => {
    const { machine, frame, at, end } = call;
    frame.learn([verified(call)]);
    const run = handlerValue('run', `workflow run ${valueKey(body)}`, inner => {
      const [, part] = inner.arguments;
      return part === undefined
        ? undefinedValue
        : callValue(machine, inner.frame, part, [], { at: inner.at, end: inner.end });
    });
    const context = objectOf({ requestPayload: eventValue, run, headers: eventValue });
    return callValue(machine, frame, body, [context], { at, end });
  });
  return objectOf({ POST });
};

const webhookHandlers: Readonly<Record<string, Handler>> = {
  'stripe#Stripe.webhooks.constructEvent': verifies('stripe', 'stripe.webhooks.constructEvent', false),
  'stripe#Stripe.webhooks.constructEventAsync': verifies('stripe', 'stripe.webhooks.constructEventAsync', true),
  'standardwebhooks#Webhook.verify': verifies('standardwebhooks', 'Webhook.verify', false),
  '@clerk/nextjs/webhooks#verifyWebhook': verifies('@clerk/nextjs', 'Webhook.verify', true),
  '@clerk/backend/webhooks#verifyWebhook': verifies('@clerk/backend', 'Webhook.verify', true),
  '@polar-sh/sdk/webhooks#validateEvent': verifies('@polar-sh/sdk', 'Webhook.verify', false),
  '@polar-sh/nextjs#Webhooks': handles('@polar-sh/nextjs', 'Webhook.verify'),
  '@paddle/paddle-node-sdk#Paddle.webhooks.unmarshal': verifies('@paddle/paddle-node-sdk', 'Webhook.verify', true),
  '@octokit/webhooks#Webhooks.verify': asks('@octokit/webhooks', 'Webhook.verify'),
  '@octokit/webhooks-methods#verify': asks('@octokit/webhooks-methods', 'Webhook.verify'),
  '@upstash/qstash#Receiver.verify': call => {
    told(call, '@upstash/qstash', 'Webhook.verify');
    const test: Value = { kind: 'test', whenTrue: [], whenFalse: [] };
    return { kind: 'promise', value: test, facts: [verified(call)] };
  },
  '@upstash/qstash/*#verifySignatureAppRouter': wraps('@upstash/qstash', 'Webhook.verify'),
  '@upstash/qstash/*#verifySignatureEdge': wraps('@upstash/qstash', 'Webhook.verify'),
  '@upstash/qstash/*#verifySignature': wraps('@upstash/qstash', 'Webhook.verify'),
  '@upstash/workflow/*#serve': workflow,
};

/** Verification of events beside Stripe's and svix's own classes, by library. */
export const webhooks: EntryAdapter = {
  handlers: webhookHandlers,
};
