import { join } from 'node:path'
import { keptOfNewest } from '../../../counterexamples/known-file.ts'
import type { Question } from '../../../model/designs/questions.ts'
import { titled } from '../catalogue.ts'
import type { CommandContext } from '../command-context.ts'
import { packageInfo } from '../package-info.ts'
import { evidenceFor } from '../question-evidence.ts'
import type { Row, Rows } from './rows.ts'

/** Where counterexamples are kept. */
const KNOWN = join(packageInfo().root, 'counterexamples', 'known')

/** A design question, its answer, and the verdicts of the cells that show it, searched now. */
export function aboutQuestion({ catalogue }: CommandContext, asked: Question): Rows {
  const { id, aliases, title, question, answer } = asked
  return [
    ['question', titled({ id, aliases })],
    ['mail', title],
    ['asks', question],
    ['answer', answer],
    ...evidenceFor(asked, catalogue, keptOfNewest(KNOWN)).map(
      (line, index): Row => [index === 0 ? 'evidence' : '', line],
    ),
  ]
}
