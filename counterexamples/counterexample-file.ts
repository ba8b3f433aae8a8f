import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Property } from '../model/language/property.ts'
import { printableJson, quoted, quotedPath } from '../model/language/quoted.ts'
import type { FairnessReason, Trace, TraceStep } from '../model/language/trace.ts'
import { InputError, readInput } from './input-file.ts'

/** What the first member of every file says; another version is another format. */
export const FORMAT = 'mmucheck-counterexample/1'

/** An id. */
export const ID = /^ce-[0-9a-f]{8}$/

const KINDS = [
  'invariant',
  'action',
  'witness',
  'progress',
  'leads-to',
  'eventually',
  'eventually-always',
  'no-solo-cycle',
  'deadlock',
  'fault',
] as const satisfies readonly Property<never>['kind'][]

/** Bytes of a file: a million steps, which is more than any search of this kind goes deep. */
const MOST_BYTES = 64 << 20

const name = z.string().min(1).max(200)
/** Steps can be nested in many blocks; whatever a search finds must parse again. */
export const path = z.string().min(1).max(2000)

/** Contents of a user's file; the code that owns the format parses it. */
const carried = z.record(z.string(), z.unknown())

/** The contents of a file: names only. States are recomputed on every read. */
export const counterexampleShape = z.strictObject({
  format: z.literal(FORMAT),
  /** `ce-` and eight hex digits, a function of the names, the steps and the loop. */
  id: z.string().regex(ID),
  /** Version of the tool that wrote the file. */
  tool: name,
  /** Hash of the model it was found in; a different hash is a warning, the replay decides. */
  model: z.string().regex(/^[0-9a-f]{16}$/),
  scenario: name,
  design: name,
  /** The kernel that the model is of; absent for the newest one, 7.2. */
  kernel: name.optional(),
  /** The user's scenario file, whole, so that this file replays alone; absent for a catalogue scenario. */
  scenarioFile: carried.optional(),
  /** The same for the design. */
  designFile: carried.optional(),
  /** Name and SHA-256 of the design file if it is code, which a file that is data does not contain. */
  designCode: z.strictObject({ file: name, sha256: z.string().regex(/^[0-9a-f]{64}$/) }).optional(),
  property: name,
  kind: z.enum(KINDS),
  /** Index of the initial state. */
  initial: z.int().nonnegative(),
  steps: z.array(z.strictObject({ thread: name, step: path })),
  /** Number of steps before the loop of a lasso; null for a finite trace. */
  loopStart: z.int().nonnegative().nullable(),
  /** The thread that the property is violated for, if it is evaluated per thread. */
  subject: name.optional(),
  /** Why the loop is fair, as the search reported it; a replay checks fairness again. */
  fairness: z.array(z.strictObject({ constraint: z.string(), because: z.string() })).optional(),
})

/** The contents of a counterexample file. */
export type Counterexample = Readonly<z.infer<typeof counterexampleShape>>

/** An unusable counterexample file. The message is one line for the user. */
export class CounterexampleError extends Error {
  override readonly name = 'CounterexampleError'
}

/** The parts of a counterexample. */
export interface FoundViolation {
  readonly tool: string
  readonly scenario: string
  readonly design: string
  readonly kernel?: string | undefined
  /** Contents of the user's scenario and design files, if any. */
  readonly scenarioFile?: Counterexample['scenarioFile']
  readonly designFile?: Counterexample['designFile']
  readonly designCode?: Counterexample['designCode']
  readonly property: Pick<Property<never>, 'id' | 'kind'>
  readonly trace: Trace
  /** Hash of the model the trace was found in. */
  readonly model: string
  readonly subject?: string | null
  readonly fairness?: readonly FairnessReason[] | null
}

/** The counterexample with its id. Equal violations get equal ids on every machine. */
export function counterexampleOf({
  tool,
  scenario,
  design,
  kernel,
  scenarioFile,
  designFile,
  designCode,
  property,
  trace,
  model,
  subject = null,
  fairness = null,
}: FoundViolation): Counterexample {
  const unnamed = {
    format: FORMAT,
    tool,
    model,
    scenario,
    design,
    ...(kernel === undefined ? {} : { kernel }),
    ...(scenarioFile === undefined ? {} : { scenarioFile }),
    ...(designFile === undefined ? {} : { designFile }),
    ...(designCode === undefined ? {} : { designCode }),
    property: property.id,
    kind: property.kind,
    initial: trace.initial,
    steps: trace.steps.map(({ thread, step }) => ({ thread, step })),
    loopStart: trace.loopStart ?? null,
    ...(subject === null ? {} : { subject }),
    ...(fairness === null ? {} : { fairness: fairness.map((reason) => ({ ...reason })) }),
  } as const
  return { ...unnamed, id: idOf(unnamed) }
}

/** The id of these contents. */
export function idOf(
  ce: Pick<Counterexample, 'property' | 'scenario' | 'design' | 'kernel' | 'initial' | 'loopStart'> & {
    readonly steps: readonly TraceStep[]
  },
): string {
  const { property, scenario, design, kernel, initial, steps, loopStart } = ce
  const text = JSON.stringify([
    property,
    scenario,
    design,
    // Files from before there were kernels keep their ids.
    ...(kernel === undefined ? [] : [{ kernel }]),
    initial,
    loopStart,
    ...steps.map(({ thread, step }) => [thread, step]),
  ])
  return `ce-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`
}

/** The trace in a file. */
export function traceOf({ initial, steps, loopStart }: Counterexample): Trace {
  return loopStart === null ? { initial, steps } : { initial, steps, loopStart }
}

/** The text of a file: one step per line, for readable diffs. */
export function formatCounterexample(ce: Counterexample): string {
  const { steps, loopStart, subject, fairness, ...head } = ce
  const { format, id, ...names } = head
  const lines = Object.entries({ format, id, ...names }).flatMap(([k, v]) => {
    if (v === undefined) return []
    return [`  ${JSON.stringify(k)}: ${typeof v === 'object' ? indented(v) : JSON.stringify(v)},`]
  })
  const list = steps.map(
    (s) => `    { "thread": ${JSON.stringify(s.thread)}, "step": ${JSON.stringify(s.step)} }`,
  )
  const array = list.length === 0 ? '[]' : `[\n${list.join(',\n')}\n  ]`
  const tail = Object.entries({ loopStart, subject, fairness }).flatMap(([k, v]) =>
    v === undefined ? [] : [`  ${JSON.stringify(k)}: ${JSON.stringify(v)}`],
  )
  return `{\n${lines.join('\n')}\n  "steps": ${array},\n${tail.join(',\n')}\n}\n`
}

const indented = (value: object): string => printableJson(value).replaceAll('\n', '\n  ')

/**
 * Parses the text of a file.
 * @param path name of the file in error messages.
 * @throws CounterexampleError for another version, a wrong shape, or an id that does not match.
 */
export function parseCounterexample(text: string, path: string): Counterexample {
  const where = quotedPath(path)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new CounterexampleError(`${where}: not JSON, so not a counterexample file`)
  }
  const format = (json as { format?: unknown } | null)?.format
  if (typeof format === 'string' && format.startsWith('mmucheck-counterexample/') && format !== FORMAT) {
    throw new CounterexampleError(
      `${where}: format ${quoted(format)} is not known; this version reads ${FORMAT}`,
    )
  }
  const parsed = counterexampleShape.safeParse(json)
  if (!parsed.success) {
    const { path: to, message } = parsed.error.issues[0]
    const at = to.map((p) => (typeof p === 'number' ? `[${p}]` : `.${String(p)}`)).join('')
    throw new CounterexampleError(
      `${where}: not a counterexample file: ${quoted(`${at === '' ? '' : `${at.replace(/^\./, '')}: `}${message}`)}`,
    )
  }
  const ce = parsed.data
  if (ce.loopStart !== null && ce.loopStart > ce.steps.length) {
    throw new CounterexampleError(
      `${where}: not a counterexample file: loopStart ${ce.loopStart} is after the last of ${ce.steps.length} steps`,
    )
  }
  const id = idOf(ce)
  if (id !== ce.id) {
    throw new CounterexampleError(
      `${where}: the contents belong to ${id}, not to ${ce.id}; the file was changed after it was written`,
    )
  }
  return ce
}

/** Reads a file. @throws CounterexampleError as `parseCounterexample`, and when it cannot be read. */
export function readCounterexample(path: string): Counterexample {
  let text: string
  try {
    text = readInput(path, MOST_BYTES)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new CounterexampleError(`${quotedPath(path)}: cannot be read: ${error.message}`)
  }
  return parseCounterexample(text, path)
}
