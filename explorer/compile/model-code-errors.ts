import { dirname, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ModelError } from '../../model/language/errors.ts'
import { Oops } from '../../model/language/property.ts'
import { NondeterministicRead } from './decision-trees.ts'

/** Which of a property's functions ran: `holds`. */
export type Part = 'given' | 'holds' | 'seen' | 'goal'

/** Wraps what a function of a property threw, until the system's name is known; see `propertyError`. */
export class PropertyFailure extends Error {
  readonly id: string
  readonly part: Part
  constructor(id: string, part: Part, cause: unknown) {
    super(`property ${id}`, { cause })
    this.id = id
    this.part = part
  }
}

/** The error for a step whose model code failed. */
export function stepError(system: string, path: string, thread: string, error: unknown): ModelError {
  if (error instanceof PropertyFailure) return propertyError(system, error.id, error.part, error.cause)
  return new ModelError(
    `${system}: step ${path} of ${thread}: ${messageOf(error)}${inBrackets(locationOf(error))}`,
  )
}

/** The error for a property whose function failed; `part` is null when no single call did. */
export function propertyError(system: string, id: string, part: Part | null, error: unknown): ModelError {
  return new ModelError(
    `${system}: property ${id}: ${messageOf(error)}${inBrackets(part, locationOf(error))}`,
    { cause: error },
  )
}

/** How a second run of model code on the same state can differ from the first. */
export const DIFFERS = {
  result:
    'does something else when it is run again on the same state, so it depends on something outside the state',
  reads:
    'reads other fields when it is run again on the same state, so it depends on something outside the state or reads in varying order',
} as const

function messageOf(error: unknown): string {
  if (error instanceof NondeterministicRead) return `is not a function of the state: it ${error.message}`
  if (error instanceof Oops) return `raises fault ${error.property}: ${error.message}; only steps may`
  return error instanceof Error ? error.message : String(error)
}

const inBrackets = (...parts: readonly (string | null)[]): string => {
  const known = parts.filter((part) => part !== null)
  return known.length === 0 ? '' : ` (${known.join(', ')})`
}

/** Files that give model code access to the state: an error thrown there is reported at the caller's line. */
const STATE = /\/(model\/language\/[^/]+|explorer\/compile\/(recorder|nondeterminism))\.[jt]s$/
/** Files that run model code: frames from there on are not the model's. */
const RUNNER = /\/explorer\/compile\/[^/]+$/

/**
 * Folder of the built program; null where its sources run. A frame outside is of a file that the user chose to run, and
 * inside of all code of the program, whatever it does.
 */
const BUILD = import.meta.url.endsWith('.mjs') ? dirname(fileURLToPath(import.meta.url)) : null

/** The line of the model where an error was thrown, as `model/machines/zap/zap-page.ts:40`; null if unknown. */
function locationOf(error: unknown): string | null {
  if (!(error instanceof Error) || error.stack === undefined) return null
  const frames = [...error.stack.matchAll(/(?:file:\/\/)?((?:\/|[A-Z]:)[^():]+\.[cm]?[jt]s):(\d+):\d+/g)]
  const users =
    BUILD === null ? undefined : frames.find(([, file]) => !file.startsWith(BUILD) && !file.endsWith('.cjs'))
  if (users !== undefined) return `${displayPath(users[1])}:${users[2]}`
  for (const [, file, line] of frames) {
    if (STATE.test(file)) continue
    return RUNNER.test(file) ? null : `${displayPath(file)}:${line}`
  }
  return null
}

/** The path below the package, or relative to the working folder. */
function displayPath(file: string): string {
  const path = file.includes('%') ? fileURLToPath(`file://${file}`) : file
  const own = /^.*\/((?:model|properties|explorer|counterexamples)\/.*)$/.exec(path)?.[1]
  if (own !== undefined) return own
  const near = relative(process.cwd(), path)
  return near.startsWith(`..${sep}`) ? path : near
}
