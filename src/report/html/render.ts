import { createHash } from 'node:crypto';
import type { CommandResult } from '../../core/result.ts';
import { duration, shortTarget } from '../words.ts';
import { drydockVersion } from '../version.ts';
import { cellsAtOnce } from './later-rows.ts';
import { type Content, markup, Markup } from './markup.ts';
import { inlineScript } from './script.ts';
import { type Section, sectionsOf } from './sections.ts';
import { styleSheet } from './style.ts';
import { rowsPopovers } from './transcript.ts';
import { type Figure, toView, type View } from './view.ts';

/** A result as one self-contained page: it opens from disk, asks nothing of the network, and prints. */
export function renderHtml(result: CommandResult): string {
  const view = toView(result);
  const sections = sectionsOf(view);
  return `<!doctype html>\n${page(view, sections).text}\n`;
}

function page(view: View, sections: readonly Section[]): Markup {
  const name = shortTarget(view.result.target);
  return markup`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="${contentPolicy()}">
    <meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">
    <title>${name}: ${view.sentence}</title><style>${new Markup(styleSheet)}</style></head>
    <body><a class="skip" href="#content">Skip to the report</a>
    <header>${top(view, name)}<h1>${view.sentence}</h1><p class="lead">${view.lead}</p>
    <dl class="figures">${view.figures.map(figure)}</dl>
    <nav aria-label="Parts of this report">${sections.map(section => markup`<a href="#${section.id}">${section.title}</a>`)}</nav></header>
    <main id="content">${sections.map(show)}</main>${rowsPopovers(transcriptsOf(view))}
    <footer>Made by Drydock ${drydockVersion} on this machine. It holds queries, policies, requests and planted values, and no customer's data. A path that is not in it was not found; that is not the same as a path that is not there.</footer>
    <script>${new Markup(inlineScript)}</script></body></html>`;
}

/** Should a text of the target ever come through as markup, it still could not load or run anything. */
function contentPolicy(): string {
  const hash = createHash('sha256').update(inlineScript).digest('base64');
  return `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`;
}

function top({ result }: View, name: string): Markup {
  return markup`<div class="top"><span><b>Drydock ${result.command}</b> · ${name}</span><span>${[...result.stack, duration(result.elapsedMs)].join(' · ')}</span></div>`;
}

function figure({ label, value, was, tone }: Figure): Markup {
  const before: Content = was !== undefined && was !== value && markup`<span class="was">${was} →&nbsp;</span>`;
  return markup`<div><dt>${label}</dt><dd>${before}<span class="${tone}">${value}</span></dd></div>`;
}

function transcriptsOf(view: View): readonly string[] {
  const cells = view.rules.flatMap(({ result }) => cellsAtOnce(result).flatMap(cell => cell.evidence));
  const findings = view.findings.flatMap(({ finding }) =>
    finding.evidence.filter(evidence => evidence.kind === 'replay'),
  );
  return [...cells, ...findings].map(evidence => evidence.transcript);
}

function show(section: Section): Markup {
  return markup`<section id="${section.id}" aria-labelledby="${section.id}-title"><h2 id="${section.id}-title">${section.title}</h2>${section.body}</section>`;
}
