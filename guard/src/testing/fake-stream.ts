import { AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import type { FakeBackend } from './fake-backend.ts';

/**
 * A socket to a fake backend, as node-postgres uses one. What comes in waits until somebody delivers it, and is told in the
 * context of whoever opened the socket, as Node does it: that is another tenant's as often as not.
 */
export class FakeStream extends EventEmitter {
  writable = true;
  closed = false;
  readonly backend: FakeBackend;
  private readonly opened = new AsyncResource('FakeStream');

  constructor(backend: FakeBackend) {
    super();
    this.backend = backend;
  }

  connect(): void {
    process.nextTick(() => this.emit('connect'));
  }

  write(bytes: Uint8Array, written?: () => void): boolean {
    this.backend.read(bytes);
    if (written !== undefined) process.nextTick(written);
    return true;
  }

  end(): void {
    this.close();
  }

  destroy(error?: Error): void {
    this.close(error);
  }

  /** Whether replies wait. */
  get waiting(): boolean {
    return !this.closed && this.backend.pieces.length > 0;
  }

  /** Delivers the next piece of what waits, or its first bytes. */
  deliver(bytes?: number): void {
    const piece = this.backend.pieces.shift();
    if (piece === undefined) return;
    const now = bytes === undefined ? piece : piece.subarray(0, bytes);
    if (now.length < piece.length) this.backend.pieces.unshift(piece.subarray(now.length));
    this.opened.runInAsyncScope(() => this.emit('data', Buffer.from(now)));
  }

  /** Delivers all that waits in one piece. */
  deliverAll(): void {
    this.backend.pieces.splice(0, this.backend.pieces.length, Buffer.concat(this.backend.pieces));
    this.deliver();
  }

  /** The network ends the connection, with what waits. */
  drop(): void {
    this.close(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  }

  private close(error?: Error): void {
    if (this.closed) return;
    this.closed = true;
    this.writable = false;
    const tell = (event: string, value?: Error): void =>
      process.nextTick(() => this.opened.runInAsyncScope(() => this.emit(event, value)));
    if (error !== undefined) tell('error', error);
    tell('close');
  }

  setNoDelay(): void {}
  setKeepAlive(): void {}
  ref(): void {}
  unref(): void {}
  cork(): void {}
  uncork(): void {}
}
