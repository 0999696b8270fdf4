import type { ActionResult } from '../../collect/runtime/flight.ts';
import { patternParameters } from '../../collect/runtime/manifests.ts';
import { decodeHTML } from 'entities';
import { messageOf } from '../../core/error.ts';
import type { Lab } from './lab.ts';
import type { WireRequest } from './principals.ts';
import { plainText } from './plain-text.ts';
import {
  resolveValue,
  type ActionStep,
  type FormStep,
  type HttpStep,
  type ReplayStep,
  type ReplayValue,
  type WebhookStep,
} from './replay.ts';
import { eventBody, stripeSignature } from './stripe.ts';
import type { RawAnswer } from './views.ts';

/** A request that was sent, with its answer. */
export interface Exchange {
  readonly step: ReplayStep;
  readonly request: WireRequest;
  /** The request's body as text, for evidence. */
  readonly sent: string;
  readonly answer: RawAnswer;
  /** What an action returned, decoded. */
  readonly result?: ActionResult;
}

/** Sends one step; `undefined` with a reason when it cannot be built in this world. */
export async function sendStep(lab: Lab, step: ReplayStep): Promise<Exchange | { readonly unsent: string }> {
  const built = await attempt(() => buildRequest(lab, step));
  if ('unsent' in built) return built;
  const followed = await attempt(() => follow(lab.principal(step.as).send, built));
  if ('unsent' in followed) return followed;
  const { answer, request } = followed;
  const sent = bodyText(request.body);
  if (step.kind !== 'action') return { step, request, sent, answer };
  const result = await lab.codec.decode(answer.body);
  return { step, request, sent, answer, ...(result === undefined ? {} : { result }) };
}

/** An app that hangs up or does not answer in time has not been reached; the campaign goes on. */
async function attempt<T>(send: () => Promise<T>): Promise<T | { readonly unsent: string }> {
  try {
    return await send();
  } catch (thrown) {
    return { unsent: `the app did not answer: ${messageOf(thrown)}` };
  }
}

/** Next answers a navigation with a redirect to the same page and a cache-busting parameter: that one is followed. */
async function follow(
  send: (request: WireRequest) => Promise<RawAnswer>,
  request: WireRequest,
): Promise<{ readonly answer: RawAnswer; readonly request: WireRequest }> {
  const answer = await send(request);
  const location = answer.headers.find(([name]) => name === 'location')?.[1];
  if (location === undefined || !/[?&]_rsc=/.test(location) || request.headers['rsc'] === undefined)
    return { answer, request };
  const target = new URL(location, 'http://localhost');
  const again = { ...request, path: target.pathname + target.search };
  return { answer: await send(again), request: again };
}

type Built = WireRequest | { readonly unsent: string };

async function buildRequest(lab: Lab, step: ReplayStep): Promise<Built> {
  switch (step.kind) {
    case 'http':
      return httpRequest(lab, step);
    case 'action':
      return actionRequest(lab, step);
    case 'form':
      return formRequest(lab, step);
    case 'webhook':
      return webhookRequest(lab, step);
  }
}

function httpRequest(lab: Lab, step: HttpStep): Built {
  const path = fillPattern(lab, step.pattern, step.params);
  if (path === undefined) return { unsent: `no value for the path of ${step.pattern}` };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(step.query)) {
    const resolved = resolveValue(value, lab);
    for (const item of Array.isArray(resolved) ? resolved : [resolved])
      if (item !== undefined && item !== null) query.append(name, String(item));
  }
  const headers: Record<string, string> = { accept: '*/*' };
  for (const [name, value] of Object.entries(step.headers)) {
    const resolved = resolveValue(value, lab);
    if (resolved !== undefined) headers[name] = headerText(value, resolved);
  }
  if (step.navigation === true) Object.assign(headers, navigationHeaders(lab, step));
  if (!/^(?:GET|HEAD)$/.test(step.method)) headers['origin'] = lab.baseUrl;
  const search = query.size === 0 ? '' : `?${query.toString()}`;
  return { method: step.method, path: `${path}${search}`, headers, ...httpBody(lab, step, headers) };
}

function headerText(value: ReplayValue, resolved: unknown): string {
  return Array.isArray(resolved)
    ? resolved.map(String).join('')
    : typeof value === 'object' || typeof value === 'string'
      ? String(resolved)
      : JSON.stringify(resolved);
}

function httpBody(
  lab: Lab,
  step: HttpStep,
  headers: Record<string, string>,
): { readonly body?: string | FormData | URLSearchParams } {
  if (step.body === undefined) return {};
  const value = resolveValue(step.body.value, lab);
  switch (step.body.type) {
    case 'json':
      headers['content-type'] = 'application/json';
      return { body: JSON.stringify(value) };
    case 'form':
      return { body: new URLSearchParams(formEntries(value)) };
    case 'multipart':
      return { body: toFormData(value) };
    case 'text':
      headers['content-type'] = 'text/plain';
      return { body: String(value) };
  }
}

function fillPattern(lab: Lab, pattern: string, params: Readonly<Record<string, ReplayValue>>): string | undefined {
  let path = pattern;
  for (const name of patternParameters(pattern)) {
    const value = resolveValue(params[name] ?? null, lab);
    if (value === undefined || value === null) return undefined;
    path = path.replace(new RegExp(`\\[\\[?(?:\\.\\.\\.)?${name}\\]\\]?`), encodeURIComponent(plainText(value)));
  }
  return path;
}

/** The router state of a visitor who is already below the page's layouts: only the page itself is rendered. */
function navigationHeaders(lab: Lab, step: HttpStep): Readonly<Record<string, string>> {
  const segments = step.pattern.split('/').filter(segment => segment !== '');
  const leaf: unknown = ['__PAGE__?{"drydock":"1"}', {}, null, 'refetch'];
  const tree = segments.reduceRight<unknown>(
    (inner, segment) => [treeSegment(lab, step, segment), { children: inner }, null, null],
    leaf,
  );
  const state = ['', { children: tree }, null, null];
  return { rsc: '1', 'next-router-state-tree': encodeURIComponent(JSON.stringify(state)), 'next-url': '/' };
}

function treeSegment(lab: Lab, step: HttpStep, segment: string): unknown {
  const [name] = patternParameters(segment);
  if (name === undefined) return segment;
  const value = resolveValue(step.params[name] ?? '', lab);
  return [name, String(value), segment.includes('...') ? 'c' : 'd', null];
}

async function actionRequest(lab: Lab, step: ActionStep): Promise<Built> {
  const [file, exportedName] = step.action.split('#');
  const action = lab.manifests.actions.find(
    candidate => candidate.file === file && candidate.exportedName === exportedName,
  );
  if (action === undefined) return { unsent: `the build has no action ${step.action}` };
  const body = await lab.codec.encode(step.arguments.map(value => toArgument(resolveArgument(value, lab))));
  const route = action.routes.find(candidate => !candidate.includes('[')) ?? '/';
  return {
    method: 'POST',
    path: route,
    headers: {
      'next-action': action.id,
      accept: 'text/x-component',
      origin: lab.baseUrl,
      ...(typeof body === 'string' ? { 'content-type': 'text/plain;charset=UTF-8' } : {}),
    },
    body,
  };
}

function resolveArgument(value: ReplayValue, lab: Lab): unknown {
  const resolved = resolveValue(value, lab);
  return resolved === undefined ? null : resolved;
}

function toArgument(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(toArgument);
  if ('formData' in value) return toFormData(value.formData);
  if ('date' in value && Object.keys(value).length === 1) return new Date(String(value.date));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toArgument(item)]));
}

/** Posts the page's form as a browser without JavaScript does: the hidden inputs name the action and carry what it was bound to. */
async function formRequest(lab: Lab, step: FormStep): Promise<Built> {
  const path = fillPattern(lab, step.pattern, step.params);
  if (path === undefined) return { unsent: `no value for the path of ${step.pattern}` };
  const page = await lab.principal(step.pageAs).send({ method: 'GET', path, headers: { accept: 'text/html' } });
  const html = Buffer.from(page.body).toString('utf8');
  const [file, exportedName] = step.action.split('#');
  const ids = lab.manifests.actions
    .filter(action => action.file === file && action.exportedName === exportedName)
    .map(action => action.id);
  const form = [...html.matchAll(/<form\b[^>]*>([\s\S]*?)<\/form>/g)]
    .map(match => match[1] ?? '')
    .find(inner => ids.some(id => inner.includes(id)));
  if (form === undefined) return { unsent: `the page ${step.pattern} shows no form for ${step.action}` };
  const data = new FormData();
  const fields = Object.entries(step.fields);
  for (const [name, value] of inputsOf(form)) if (!fields.some(([field]) => field === name)) data.append(name, value);
  for (const [name, value] of fields) {
    const resolved = resolveValue(value, lab);
    if (resolved !== undefined && resolved !== null) data.append(name, plainText(resolved));
  }
  return { method: 'POST', path, headers: { accept: 'text/html', origin: lab.baseUrl }, body: data };
}

function inputsOf(form: string): readonly (readonly [string, string])[] {
  return [...form.matchAll(/<(?:input|textarea|select)\b([^>]*)>/g)].flatMap(match => {
    const attributes = match[1] ?? '';
    const name = /\bname="([^"]*)"/.exec(attributes)?.[1];
    const value = /\bvalue="([^"]*)"/.exec(attributes)?.[1] ?? '';
    return name === undefined ? [] : [[decodeHTML(name), decodeHTML(value)] as const];
  });
}

function webhookRequest(lab: Lab, step: WebhookStep): Built {
  const body = JSON.stringify(eventBody(resolveValue(step.event, lab)));
  const secret =
    Object.entries(lab.environment).find(([name]) => /WEBHOOK/.test(name) && /STRIPE|SECRET/.test(name))?.[1] ??
    'whsec_drydock';
  const signature =
    step.signature === 'none' ? undefined : stripeSignature(body, step.signature === 'valid' ? secret : 'whsec_wrong');
  return {
    method: 'POST',
    path: step.pattern,
    headers: {
      'content-type': 'application/json',
      ...(signature === undefined ? {} : { 'stripe-signature': signature }),
    },
    body,
  };
}

function toFormData(value: unknown): FormData {
  const data = new FormData();
  for (const [name, text] of formEntries(value)) data.append(name, text);
  return data;
}

function formEntries(value: unknown): [string, string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) =>
    item === undefined || item === null ? [] : [[name, String(item)] as [string, string]],
  );
}

function bodyText(body: WireRequest['body']): string {
  if (body === undefined) return '';
  if (typeof body === 'string') return body;
  return [...body.entries()]
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : '(file)'}`)
    .join('&');
}
