import { createHash } from 'node:crypto'
import { mailText } from './mail.ts'
import { embedded } from './page/embedded.ts'
import { pageDataOf } from './page-data.ts'
import type { Replayed } from './replay.ts'
import { plural } from './text-layout.ts'

/**
 * A self-contained page: no requests, no storage, no script but its own. Steps through the trace with a picture of the
 * state beside it; printed, or without scripts, it is the text of a mail.
 */
export function htmlText(replayed: Replayed): string {
  const { property, scenario, design, counterexample } = replayed
  const { kernel } = counterexample
  const what = property.kind === 'witness' ? 'REACHED' : 'VIOLATED'
  const about = [
    `scenario ${scenario.id}: ${scenario.title}`,
    `design ${design.id}: ${design.title}`,
    ...(kernel === undefined ? [] : [`kernel Linux ${kernel}`]),
    `${counterexample.id}, ${plural(replayed.steps.length, 'step')}`,
  ]
  return pageText({
    title: `${counterexample.id}: ${property.id}`,
    body: `<h1><span class="verdict">${what}</span> ${quote(property.id)}</h1>
<p class="about">${quote(property.title)}<br>
${about.map((text) => `<span>${quote(text)}</span>`).join('\n')}</p>
<div id="app"></div>
<pre id="text">${quote(mailText(replayed))}</pre>`,
    data: pageDataOf(replayed),
    ...embedded(),
  }).text
}

/** The parts of a page. */
interface Parts {
  readonly title: string
  /** HTML. */
  readonly body: string
  /** What the script finds in the element `data`. */
  readonly data?: unknown
  readonly script: string
  readonly style: string
  /** The script may ask the server that the page comes from. */
  readonly asks?: true
}

/** The text of a page, and its policy, by which nothing but its own script and style counts. */
export function pageText({ title, body, data, script, style, asks }: Parts): {
  readonly text: string
  readonly policy: string
} {
  const policy = [
    "default-src 'none'",
    `style-src '${digest(style)}'`,
    `script-src '${digest(script)}'`,
    ...(asks === true ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const found =
    data === undefined
      ? ''
      : `<script type="application/json" id="data">${JSON.stringify(data).replace(/</g, '\\u003c')}</script>\n`
  const text = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<title>${quote(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
${found}<script>${script}</script>
</body>
</html>
`
  return { text, policy }
}

const digest = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`

/** Text of others, as text of a page. */
export const quote = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
