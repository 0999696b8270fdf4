import type { HttpExchangeAnswer, HttpExchangeRequest } from '../../core/finding.ts';
import { redact } from '../../core/redact.ts';
import type { Judgement } from './judge.ts';
import type { Lab } from './lab.ts';
import type { Exchange } from './send.ts';

const longestExcerpt = 320;

/** The request as evidence: cookies by name, everything else as it was sent. */
export function requestEvidence(lab: Lab, exchange: Exchange): HttpExchangeRequest {
  const cookies = lab.principal(exchange.step.as).cookieNames();
  const headers = Object.fromEntries(
    Object.entries(exchange.request.headers).map(([name, value]) => [
      name,
      /authorization|signature|secret/i.test(name) ? '‹hidden›' : value,
    ]),
  );
  return {
    method: exchange.request.method,
    url: exchange.request.path,
    headers: {
      ...headers,
      ...(cookies.length === 0 ? {} : { cookie: `‹session of ${exchange.step.as}: ${cookies.join(', ')}›` }),
    },
    ...(exchange.sent === '' ? {} : { body: redact(exchange.sent) }),
  };
}

/** The telling part of the answer; short where nothing was seen, and without times, which differ on every run. */
export function answerEvidence(exchange: Exchange, judgement: Judgement): HttpExchangeAnswer {
  const longest = judgement.leaked ? longestExcerpt : longestExcerpt / 3;
  const excerpt =
    judgement.excerpt ??
    Buffer.from(exchange.answer.body.subarray(0, longestExcerpt)).toString('utf8').replace(/\s+/g, ' ');
  return { status: exchange.answer.status, excerpt: redact(withoutTimes(excerpt)).slice(0, longest) };
}

function withoutTimes(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.]*(?:Z|\+\d\d)?/g, '‹time›');
}
