import { getSessionCookie } from 'better-auth/cookies';
import { NextResponse, type NextRequest } from 'next/server';

/** Sends visitors without a session cookie to the sign-in page. Pages check the session itself. */
export function proxy(request: NextRequest) {
  if (!getSessionCookie(request)) return NextResponse.redirect(new URL('/sign-in', request.url));
  return NextResponse.next();
}

export const config = { matcher: ['/dashboard/:path*', '/workspace/:path*', '/admin/:path*'] };
