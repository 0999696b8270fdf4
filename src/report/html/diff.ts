import type { VerificationStep } from '../../core/fix.ts';
import { verificationWords } from '../words.ts';
import { html, type Markup } from './markup.ts';

/** A unified diff, each line with its sign and its colour. */
export function diffBox(diff: string): Markup {
  const lines = diff.trimEnd().split('\n').filter(line => !line.startsWith('---') && !/^(Index: |={5,}|\\ No newline)/.test(line));
  return html`<div class="diff"><pre>${lines.map(line => html`<span class="${lineClass(line)}">${line.startsWith('+++') ? fileName(line) : line === '' ? ' ' : line}</span>`)}</pre></div>`;
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
  return html`<ul class="tries">${steps.map(step => html`<li>${sign(step)}<span>${verificationWords(step.step)}</span><span>${step.detail}</span></li>`)}</ul>`;
}

function sign(step: VerificationStep): Markup {
  if (step.outcome === 'passed') return html`<span class="cool" role="img" aria-label="passed">✓</span>`;
  if (step.outcome === 'failed') return html`<span class="warm" role="img" aria-label="failed">✗</span>`;
  return html`<span class="quiet" role="img" aria-label="skipped">–</span>`;
}
