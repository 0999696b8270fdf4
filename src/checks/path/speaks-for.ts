import type { CheckInput, JudgedPath } from '../check.ts';
import { isAdministrative } from './administration.ts';

/** The query is at fault, and not the entry point that lets anybody in or asks for no role. */
export function isOfQuery(path: JudgedPath): boolean {
  return path.reason === 'no-authentication' ? isPartOfPage(path) : !isAdministrative(path);
}

/** The entry point is at fault: nobody is asked who they are. */
export function isOfEntryPoint(path: JudgedPath, input: CheckInput): boolean {
  return !isPartOfPage(path) && !isUnverifiedWebhook(path, input);
}

/** Metadata and parameters are asked for by the page, which lets its callers in or not. */
function isPartOfPage({ entryPoint }: JudgedPath): boolean {
  return entryPoint.kind === 'metadata' || entryPoint.kind === 'static-params';
}

/** Such a webhook has a check of its own. */
function isUnverifiedWebhook(path: JudgedPath, { app }: CheckInput): boolean {
  const observations = app?.observations ?? [];
  return observations.some(
    seen => seen.kind === 'webhook' && !seen.verified && seen.entryPoint === path.entryPoint.name,
  );
}
