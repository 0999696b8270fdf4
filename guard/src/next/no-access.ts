import { createElement } from 'react';
import type { ReactElement } from 'react';

/** What the page says; English without it. */
export interface NoAccessTexts {
  readonly title?: string;
  readonly text?: string;
  /** Where to go from here. */
  readonly link?: { readonly href: string; readonly text: string };
}

/**
 * The ready page for whoever may not see what they asked for. It says the same whether that exists or not, and brings no
 * code to the browser.
 *
 * @example
 * const page = guardPage({ name: 'team page', refused: () => NoAccess({ link: { href: '/teams', text: 'Your teams' } }) }, render);
 */
export function NoAccess(texts: NoAccessTexts = {}): ReactElement {
  const link = texts.link ?? { href: '/', text: 'Go to the start page' };
  return plainPage(
    texts.title ?? 'You do not have access',
    texts.text ?? 'This page does not exist, or it belongs to a team that you are not a member of.',
    createElement('p', null, createElement('a', { href: link.href }, link.text)),
  );
}

/**
 * The ready page for what is switched off or was asked for too often.
 *
 * @example
 * const page = guardPage({ name: 'team page', unavailable: () => Unavailable() }, render);
 */
export function Unavailable(): ReactElement {
  return plainPage('Not available for the moment', 'Try again in a few minutes.');
}

function plainPage(title: string, text: string, more?: ReactElement): ReactElement {
  return createElement(
    'main',
    { style: { maxWidth: '32rem', margin: '20vh auto', padding: '0 1rem', fontFamily: 'system-ui, sans-serif' } },
    createElement('meta', { name: 'robots', content: 'noindex' }),
    createElement('h1', { style: { fontSize: '1.5rem' } }, title),
    createElement('p', null, text),
    more,
  );
}
