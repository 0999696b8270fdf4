import { NextResponse, type NextRequest } from 'next/server';
import { AccessError } from './access';
import { getMember, type Member } from './session';

interface HandlerContext<P> {
  request: NextRequest;
  member: Member;
  params: P;
}

/** Route handler for signed-in members. Answers 401 without a session and turns access errors into 403. */
export function withSession<P = Record<string, never>>(handler: (context: HandlerContext<P>) => Promise<Response>) {
  return async (request: NextRequest, context: { params: Promise<P> }): Promise<Response> => {
    const member = await getMember();
    if (!member) return NextResponse.json({ error: 'Sign in first' }, { status: 401 });
    try {
      return await handler({ request, member, params: await context.params });
    } catch (error) {
      if (error instanceof AccessError) return NextResponse.json({ error: error.message }, { status: error.status });
      throw error;
    }
  };
}

export function unauthorized() {
  return NextResponse.json({ error: 'Sign in first' }, { status: 401 });
}

export function notFoundJson() {
  return NextResponse.json({ error: 'Not found' }, { status: 404 });
}

export function badRequest(message: string) {
  return NextResponse.json({ error: message }, { status: 400 });
}
