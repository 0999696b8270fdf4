import type { VerificationStep } from '../../core/fix.ts';
import { verificationWords } from '../words.ts';
import { markup, type Markup } from './markup.ts';

/** A unified diff, each line with its sign and its colour. */
export function diffBox(diff: string): Markup {
  const lines = diff
    .trimEnd()
    .split('\n')
    .filter(line => !line.startsWith('---') && !/^(Index: |={5,}|\\ No newline)/.test(line));
  return markup`<div class="diff"><pre>${lines.map(line => markup`<span class="${lineClass(line)}">${line.startsWith('+++') ? fileName(line) : line === '' ? ' ' : line}</span>`)}</pre></div>`;
}

function lineClass(line: string): string {
  if (line.startsWith('+++')) return 'file';
  if (line.startsWith('@@')) return 'hunk';
  return line.startsWith('+') ? 'add' : line.startsWith('-') ? 'del' : 'same';
}

function fileName(line: string): string {
  return line.replace(/^\+\+\+ (?:b\/)?/, '').replace(/\t.*$/, '');
}

/** How a repair was tried, each step with its outcome. */
export function triesList(steps: readonly VerificationStep[]): Markup {
  return markup`<ul class="tries">${steps.map(step => markup`<li>${sign(step)}<span>${verificationWords(step.step)}</span><span>${step.detail}</span></li>`)}</ul>`;
}

function sign(step: VerificationStep): Markup {
  if (step.outcome === 'passed') return markup`<span class="cool" role="img" aria-label="passed">✓</span>`;
  if (step.outcome === 'failed') return markup`<span class="warm" role="img" aria-label="failed">✗</span>`;
  return markup`<span class="quiet" role="img" aria-label="skipped">–</span>`;
}
