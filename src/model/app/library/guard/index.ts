import type { Handler } from '../../machine.ts';
import { guardBesideHandlers } from './beside.ts';
import { guardNextHandlers } from './next.ts';
import { guardPoolHandlers } from './pool.ts';
import { scopeHandlers } from './scope.ts';
import { guardSessionHandlers } from './session.ts';
import { guardStripeHandlers } from './stripe.ts';

/** @drydock/guard: who is asking travels with each statement, and the policies of the schema decide. */
export const guardHandlers: Readonly<Record<string, Handler>> = {
  ...scopeHandlers,
  ...guardPoolHandlers,
  ...guardSessionHandlers,
  ...guardNextHandlers,
  ...guardStripeHandlers,
  ...guardBesideHandlers,
};
