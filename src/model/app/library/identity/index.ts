import type { Handler } from '../../machine.ts';
import { authJsHandlers } from './auth-js.ts';
import { betterAuthHandlers } from './better-auth.ts';
import { passwordHandlers } from './passwords.ts';
import { serviceHandlers } from './services.ts';
import { tokenHandlers } from './tokens.ts';

/** Authentication libraries: what is verified, and what it says of the principal. */
export const identityHandlers: Readonly<Record<string, Handler>> = {
  ...betterAuthHandlers,
  ...authJsHandlers,
  ...serviceHandlers,
  ...tokenHandlers,
  ...passwordHandlers,
};
