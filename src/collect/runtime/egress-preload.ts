/**
 * The script that Node loads before the app (`NODE_OPTIONS=--require`): a request to any host but loopback goes to
 * Drydock's recorder instead, and any other outgoing connection fails. CommonJS, because `--require` asks for it.
 */
export const egressPreload = `'use strict';
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { syncBuiltinESMExports } = require('node:module');

const recorder = new URL(process.env.DRYDOCK_RECORDER || 'http://127.0.0.1:9');
const isLoopback = host =>
  host === undefined || host === '' || host === 'localhost' || host === '::1' || host === '[::1]' || host === '0.0.0.0' || /^127\\./.test(host);

function describe(input, options) {
  if (typeof input === 'string' || input instanceof URL) {
    const url = new URL(String(input));
    return { host: url.hostname, path: url.pathname + url.search, options: { ...(typeof options === 'object' && options !== null ? options : {}) } };
  }
  const given = { ...input };
  return { host: given.hostname || given.host && String(given.host).replace(/:\\d+$/, '') || 'localhost', path: given.path || '/', options: given };
}

const originalRequest = http.request;

function patch(module) {
  const request = module.request;
  module.request = function (input, options, callback) {
    const done = typeof options === 'function' ? options : callback;
    const call = describe(input, options);
    if (isLoopback(call.host)) return request.apply(this, arguments);
    const { agent, createConnection, host, hostname, port, protocol, servername, socketPath, ...kept } = call.options;
    const sent = originalRequest({
      ...kept,
      protocol: 'http:',
      host: recorder.hostname,
      port: recorder.port,
      path: call.path,
      headers: { ...toObject(kept.headers), 'x-drydock-host': call.host },
    }, done);
    // Clients that wait for the TLS handshake before they write would wait for ever on a plain socket.
    sent.once('socket', socket => socket.once('connect', () => socket.emit('secureConnect')));
    return sent;
  };
  module.get = function (input, options, callback) {
    const sent = module.request(input, options, callback);
    sent.end();
    return sent;
  };
}

function toObject(headers) {
  if (!headers) return {};
  if (Array.isArray(headers)) {
    const object = {};
    for (let i = 0; i + 1 < headers.length; i += 2) object[headers[i]] = headers[i + 1];
    return object;
  }
  return headers;
}

patch(https);
patch(http);

const originalFetch = globalThis.fetch;
if (typeof originalFetch === 'function') {
  globalThis.fetch = function (input, init) {
    const request = input instanceof Request ? input : undefined;
    const url = new URL(request ? request.url : String(input), 'http://localhost');
    if (url.protocol === 'data:' || url.protocol === 'blob:' || isLoopback(url.hostname)) return originalFetch.call(this, input, init);
    const target = new URL(url.pathname + url.search, recorder);
    const headers = new Headers(init && init.headers ? init.headers : request ? request.headers : undefined);
    headers.set('x-drydock-host', url.hostname);
    if (request) return originalFetch.call(this, new Request(target, request), { ...init, headers });
    return originalFetch.call(this, target, { ...init, headers });
  };
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  const normalised = Array.isArray(given[0]) ? given[0] : given;
  const first = normalised[0];
  const host = typeof first === 'object' && first !== null ? (first.path ? undefined : first.host) : typeof normalised[1] === 'string' ? normalised[1] : undefined;
  if (isLoopback(host)) return connect.apply(this, given);
  const failure = Object.assign(new Error('Drydock keeps the app on loopback: connection to ' + host + ' refused'), { code: 'ECONNREFUSED' });
  process.nextTick(() => this.destroy(failure));
  return this;
};
// A copy below .drydock/ may be a git repository of its own. Next takes that for the end of the workspace and would not
// look above it for the app's dependencies.
const hidden = process.env.DRYDOCK_HIDDEN_REPOSITORY;
const { statSync } = fs;
if (hidden) fs.statSync = function (path, options) {
  return path === hidden && options && options.throwIfNoEntry === false ? undefined : statSync.apply(this, arguments);
};

syncBuiltinESMExports();

// Drydock may be killed without a chance to say so: an orphan ends itself.
const parent = process.ppid;
if (process.platform !== 'win32') setInterval(() => { if (process.ppid !== parent) process.exit(1); }, 1000).unref();
`;
