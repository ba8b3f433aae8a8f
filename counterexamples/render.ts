import { commentText, commitText } from './commit.ts'
import { diagram } from './diagram.ts'
import type { RendererName } from './forms.ts'
import { htmlText } from './html.ts'
import { itfText } from './itf.ts'
import { mailText } from './mail.ts'
import { mermaidText } from './mermaid.ts'
import type { Replayed } from './replay.ts'
import { rstText } from './rst.ts'
import { selftestText } from './selftest.ts'
import { stateList } from './state-list.ts'
import { stepList } from './step-list.ts'
import { whyText } from './why.ts'

/** The code of each form; a function returns the whole text. */
export const RENDERERS = {
  diagram,
  steps: stepList,
  states: stateList,
  commit: commitText,
  comment: commentText,
  rst: rstText,
  mail: mailText,
  html: htmlText,
  itf: itfText,
  mermaid: mermaidText,
  selftest: selftestText,
  why: whyText,
} as const satisfies Readonly<Record<RendererName, (replayed: Replayed) => string>>
