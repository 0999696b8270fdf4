// What stands for Next.js, better-auth and Stripe: the session is who the harness says, nothing is cached or sent.
const session = () => globalThis.__session;

export const auth = { api: { getSession: async () => session() } };
export const headers = async () => new Headers();
export const cookies = async () => ({ get: () => undefined });
export const fromNodeHeaders = () => new Headers();
export const unstable_cache = work => work;
export const cacheLife = () => {};
export const cacheTag = () => {};
export const revalidatePath = () => {};
export const revalidateTag = () => {};
export const appUrl = 'http://localhost';
export const stripe = {
  checkout: { sessions: { create: async input => ({ url: JSON.stringify(input) }) } },
  billingPortal: { sessions: { create: async input => ({ url: JSON.stringify(input) }) } },
};
export function redirect(to) {
  throw new Error(`redirect ${to}`);
}
export function notFound() {
  throw new Error('not found');
}
export const useRouter = () => ({});
export const usePathname = () => '';
export const useSearchParams = () => new URLSearchParams();
export default function Link() {
  return null;
}
