import type { CommandResult } from '../../core/result.ts';
import { unreachable } from '../../core/unreachable.ts';
import { renderFix } from './fix.ts';
import { makePen, type Pen, type TerminalOptions, toAscii } from './pen.ts';
import { renderProbe } from './probe.ts';
import { renderRescue } from './rescue.ts';
import { renderRules } from './rules.ts';
import { renderTrace } from './trace.ts';
import { renderTriage } from './triage.ts';

export type { TerminalOptions } from './pen.ts';

/** A result as a person reads it in a terminal. No line is wider than `options.columns`. */
export function renderTerminal(result: CommandResult, options: TerminalOptions): string {
  const text = `${trimBlank(lines(makePen(options), result, options)).join('\n')}\n`;
  return options.unicode ? text : toAscii(text);
}

function lines(pen: Pen, result: CommandResult, options: TerminalOptions): readonly string[] {
  switch (result.command) {
    case 'triage':
      return renderTriage(pen, result, options);
    case 'trace':
      return renderTrace(pen, result, options);
    case 'rules':
      return renderRules(pen, result, options);
    case 'probe':
      return renderProbe(pen, result, options);
    case 'fix':
      return renderFix(pen, result, options);
    case 'rescue':
      return renderRescue(pen, result, options);
    default:
      return unreachable(result);
  }
}

function trimBlank(all: readonly string[]): readonly string[] {
  return all.at(-1) === '' ? trimBlank(all.slice(0, -1)) : all;
}
