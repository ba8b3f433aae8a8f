import { createInterface } from 'node:readline'
import type { Replayed } from '../../../counterexamples/replay.ts'
import type { Io } from '../io.ts'
import { Stepper } from '../stepper.ts'

/** Shown on a terminal only. */
const PROMPT = '> '

/**
 * Steps through a replayed counterexample, a line per command, until `q`, Ctrl-C or the end of the input. On a terminal
 * lines can be edited, and the arrow keys bring back earlier ones.
 * @param out folder for what is exported.
 */
export async function stepThrough(io: Io, replayed: Replayed, out: string): Promise<void> {
  const stepper = new Stepper(replayed, out)
  for (const line of stepper.here()) io.out(line)
  const { input, editor } = io
  const lines = createInterface(
    editor === null ? { input, terminal: false } : { input, output: editor, terminal: true, prompt: PROMPT },
  )
  const prompt = (): void => (editor === null ? io.status(PROMPT) : lines.prompt())
  // A terminal in raw mode sends Ctrl-C as a character, not as a signal.
  lines.on('SIGINT', () => lines.close())
  prompt()
  for await (const line of lines) {
    const answer = stepper.answer(line)
    if (answer === null) break
    for (const each of answer) io.out(each)
    prompt()
  }
  lines.close()
}
