import { createInterface } from 'node:readline'
import type { Replayed } from '../../../counterexamples/replay.ts'
import type { Io } from '../io.ts'
import { Stepper } from '../stepper.ts'

/** Shown on a terminal only. */
const PROMPT = '> '

/**
 * Steps through a replayed counterexample, a line per command, until `q` or the end of the input.
 * @param out folder for what is exported.
 */
export async function stepThrough(io: Io, replayed: Replayed, out: string): Promise<void> {
  const stepper = new Stepper(replayed, out)
  for (const line of stepper.here()) io.out(line)
  io.status(PROMPT)
  const lines = createInterface({ input: io.input, terminal: false })
  for await (const line of lines) {
    const answer = stepper.answer(line)
    if (answer === null) break
    for (const each of answer) io.out(each)
    io.status(PROMPT)
  }
  lines.close()
}
