/** Names of the forms that counterexamples are shown in, as `--as` takes them; here so that naming one loads none. */
export const FORMS = [
  'diagram',
  'steps',
  'states',
  'commit',
  'comment',
  'rst',
  'mail',
  'html',
  'itf',
  'mermaid',
  'selftest',
  'why',
] as const

export type RendererName = (typeof FORMS)[number]
