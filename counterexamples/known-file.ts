import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { quoted, quotedPath } from '../model/language/quoted.ts'
import {
  FORMAT as COUNTEREXAMPLE,
  type Counterexample,
  CounterexampleError,
  counterexampleShape,
  idOf,
  path,
} from './counterexample-file.ts'

/** What the first member of every file says. */
export const FORMAT = 'mmucheck-known/1'

/** What a file says once for all: the rest is said when it is read, by the checker that comes with the file. */
type Shared = 'format' | 'kernel' | 'tool' | 'model'

/** A counterexample that is kept with the model it is of, so without its version and hash. */
export type Known = Omit<Counterexample, Shared | 'scenarioFile' | 'designFile'>

/** The counterexamples of a kernel. */
export interface KnownFile {
  /** Absent for the newest one. */
  readonly kernel?: string | undefined
  readonly counterexamples: readonly Known[]
}

const { id, scenario, design, property, kind, initial, loopStart, subject, fairness } =
  counterexampleShape.shape

/** One thread, and the steps that it takes before another one does. */
const turn = z.tuple([z.string().min(1).max(200), path], path)

const shape = z.strictObject({
  format: z.literal(FORMAT),
  kernel: z.string().min(1).max(200).optional(),
  counterexamples: z.array(
    z.strictObject({
      id,
      design,
      scenario,
      property,
      kind,
      initial: initial.default(0),
      loopStart: loopStart.default(null),
      subject,
      fairness,
      turns: z.array(turn),
    }),
  ),
})

/** The text of a file: one counterexample per line, its steps by turns. */
export function formatKnown({ kernel, counterexamples }: KnownFile): string {
  const lines = counterexamples.map(
    ({ id, design, scenario, property, kind, initial, loopStart, subject, fairness, steps }) =>
      JSON.stringify({
        id,
        design,
        scenario,
        property,
        kind,
        ...(initial === 0 ? {} : { initial }),
        ...(loopStart === null ? {} : { loopStart }),
        ...(subject === undefined ? {} : { subject }),
        ...(fairness === undefined ? {} : { fairness }),
        turns: turnsOf(steps),
      }),
  )
  const head = JSON.stringify({ format: FORMAT, ...(kernel === undefined ? {} : { kernel }) }).slice(0, -1)
  return lines.length === 0
    ? `${head},"counterexamples":[]}\n`
    : `${head},"counterexamples":[\n${lines.join(',\n')}\n]}\n`
}

function turnsOf(steps: Counterexample['steps']): string[][] {
  const turns: string[][] = []
  for (const { thread, step } of steps) {
    const last = turns.at(-1)
    if (last?.[0] === thread) last.push(step)
    else turns.push([thread, step])
  }
  return turns
}

/**
 * Parses the text of a file.
 * @param name of the file in error messages.
 * @throws CounterexampleError in one line for another format, or an id that does not match.
 */
export function parseKnown(text: string, name: string): KnownFile {
  const where = quotedPath(name)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new CounterexampleError(`${where}: not JSON, so not a file of counterexamples`)
  }
  const parsed = shape.safeParse(json)
  if (!parsed.success) {
    const { path: at, message } = parsed.error.issues[0]
    throw new CounterexampleError(
      `${where}: not a file of counterexamples: ${quoted(`${at.join('.')}: ${message}`)}`,
    )
  }
  const { kernel, counterexamples } = parsed.data
  const found = counterexamples.map(({ turns, ...rest }): Known => {
    const steps = turns.flatMap(([thread, ...taken]) => taken.map((step) => ({ thread, step })))
    const known = { ...rest, steps }
    const id = idOf({ ...known, kernel })
    if (id === known.id) return known
    throw new CounterexampleError(`${where}: the steps of ${known.id} belong to ${id}`)
  })
  return { kernel, counterexamples: found }
}

/** Reads a file. @throws CounterexampleError as `parseKnown`, and the error of the system if it cannot be read. */
export const readKnown = (file: string): KnownFile => parseKnown(readFileSync(file, 'utf8'), file)

/**
 * Finds a counterexample in the files of a folder; null if none has it.
 * @throws CounterexampleError as `parseKnown`, for a file that names it.
 */
export function keptById(
  folder: string,
  id: string,
): { readonly file: KnownFile; readonly known: Known } | null {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : []
  for (const name of names) {
    const path = join(folder, name)
    const text = readFileSync(path, 'utf8')
    if (!text.includes(`"${id}"`)) continue
    const file = parseKnown(text, path)
    const known = file.counterexamples.find((each) => each.id === id)
    if (known !== undefined) return { file, known }
  }
  return null
}

/** The counterexamples in a folder that are of the newest kernel. @throws CounterexampleError as `parseKnown`. */
export function keptOfNewest(folder: string): readonly Known[] {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : []
  return names
    .map((name) => readKnown(join(folder, name)))
    .filter(({ kernel }) => kernel === undefined)
    .flatMap(({ counterexamples }) => counterexamples)
}

/** What a file of its own would contain, written by this checker. */
export function counterexampleFrom(
  { kernel }: Pick<KnownFile, 'kernel'>,
  known: Known,
  { tool, model }: Pick<Counterexample, 'tool' | 'model'>,
): Counterexample {
  return { format: COUNTEREXAMPLE, tool, model, ...(kernel === undefined ? {} : { kernel }), ...known }
}
