import type { TenantSource } from './options.ts';

/**
 * The tenant is a part of the path: `/teams/[team]/invoices`.
 *
 * @example
 * const { guardPage } = guardNext({ session, tenant: tenantFromParam('team'), membership });
 */
export function tenantFromParam(name: string): TenantSource {
  return ({ params }) => textOf(Object.hasOwn(params, name) ? params[name] : undefined);
}

/**
 * The tenant is the one chosen in the session, such as the active organization of better-auth or Clerk.
 *
 * @example
 * const { guardAction } = guardNext({ session, tenant: tenantFromSession(), membership });
 */
export function tenantFromSession(): TenantSource {
  return (_call, session) => session.tenant;
}

/**
 * The tenant is named in a header, as clients of an API do.
 *
 * @example
 * const { guardRoute } = guardNext({ session, tenant: tenantFromHeader('x-team'), membership });
 */
export function tenantFromHeader(name: string): TenantSource {
  return ({ headers }) => textOf(headers.get(name) ?? undefined);
}

/**
 * The tenant is the subdomain: `acme` of `acme.example.com`. Only one label below `root` counts. `header` is where your
 * proxy puts the host that was asked for, if it does not keep `host`.
 *
 * @example
 * const { guardPage } = guardNext({ session, tenant: tenantFromSubdomain('example.com'), membership });
 */
export function tenantFromSubdomain(root: string, options: { readonly header?: string } = {}): TenantSource {
  const suffix = `.${root.toLowerCase()}`;
  return ({ headers }) => {
    const host = (headers.get(options.header ?? 'host') ?? '').toLowerCase().replace(/:\d+$/, '');
    const label = host.endsWith(suffix) ? host.slice(0, -suffix.length) : '';
    return /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/.test(label) ? label : undefined;
  };
}

/**
 * The tenant is a property of what a server action was called with, or a field of its form.
 *
 * @example
 * export const rename = guardAction({ name: 'rename team', tenant: tenantFromArgument('team') }, ({ tenant }) => tenant);
 */
export function tenantFromArgument(name: string): TenantSource {
  return call => {
    const last = call.arguments.at(-1);
    if (last instanceof FormData) return textOf(last.get(name));
    return typeof last === 'object' && last !== null && Object.hasOwn(last, name)
      ? textOf(Reflect.get(last, name))
      : undefined;
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
