import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, withSession } from '@/lib/api';
import { assistantTools } from '@/lib/assistant/tools';

const approvedCall = z.object({ toolName: z.string(), input: z.record(z.string(), z.unknown()) });
const chat = z.object({ message: z.string().min(1) });

/** Runs a tool call that the user approved in the chat, or answers a message. */
export const POST = withSession(async ({ request, member }) => {
  const body: unknown = await request.json();
  const call = approvedCall.safeParse(body);
  if (call.success) {
    const tools = assistantTools(member);
    const { toolName } = call.data;
    if (!Object.hasOwn(tools, toolName)) return badRequest('Unknown tool');
    const chosen = tools[toolName as keyof typeof tools];
    const input = (chosen.inputSchema as z.ZodType).safeParse(call.data.input);
    if (!input.success) return badRequest('The tool call is not complete');
    const output = await chosen.execute?.(input.data as never, { toolCallId: 'approved', messages: [] });
    return NextResponse.json({ toolName, output });
  }
  if (!chat.safeParse(body).success) return badRequest('Write a message');
  return NextResponse.json({ reply: 'The assistant is not configured: set a model key to chat with it.' });
});
