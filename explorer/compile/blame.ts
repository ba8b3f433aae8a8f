import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ModelError } from '../../model/language/errors.ts'
import { Oops } from '../../model/language/property.ts'
import { NondeterministicRead } from './decision-trees.ts'

/** Which of a property's functions ran: `holds`. */
export type Part = 'given' | 'holds' | 'seen' | 'goal'

/** What a function of a property threw, on the way to whoever knows how to blame the property. */
export class PropertyFailure extends Error {
  readonly id: string
  readonly part: Part
  constructor(id: string, part: Part, cause: unknown) {
    super(`property ${id}`, { cause })
    this.id = id
    this.part = part
  }
}

/** A step whose model code failed. */
export function stepError(system: string, path: string, thread: string, error: unknown): ModelError {
  if (error instanceof PropertyFailure) return propertyError(system, error.id, error.part, error.cause)
  return new ModelError(`${system}: step ${path} of ${thread}: ${said(error)}${inBrackets(placeOf(error))}`)
}

/** A property whose function failed; `part` is null when it is not one call that did. */
export function propertyError(system: string, id: string, part: Part | null, error: unknown): ModelError {
  return new ModelError(`${system}: property ${id}: ${said(error)}${inBrackets(part, placeOf(error))}`)
}

/** What model code does when it is run a second time. */
export const DIFFERS = {
  result:
    'does something else when it is run again on the same state, so it depends on something outside the state',
  reads:
    'reads other fields when it is run again on the same state, so it depends on something outside the state or reads in varying order',
} as const

function said(error: unknown): string {
  if (error instanceof NondeterministicRead) return `is not a function of the state: it ${error.message}`
  if (error instanceof Oops) return `raises fault ${error.property}: ${error.message}; only steps may`
  return error instanceof Error ? error.message : String(error)
}

const inBrackets = (...parts: readonly (string | null)[]): string => {
  const known = parts.filter((part) => part !== null)
  return known.length === 0 ? '' : ` (${known.join(', ')})`
}

/** Where model code reads and writes the state: an error thrown there is the fault of what called it. */
const STATE = /\/(model\/language\/[^/]+|explorer\/compile\/(recorder|chance))\.[jt]s$/
/** What runs model code. */
const RUNNER = /\/explorer\/compile\/[^/]+$/

/** The line of the model where an error was thrown, as `model/machines/zap-page.ts:40`; null where not known. */
function placeOf(error: unknown): string | null {
  if (!(error instanceof Error) || error.stack === undefined) return null
  const frames = error.stack.matchAll(/(?:file:\/\/)?((?:\/|[A-Z]:)[^():]+\.[cm]?[jt]s):(\d+):\d+/g)
  for (const [, file, line] of frames) {
    if (STATE.test(file)) continue
    return RUNNER.test(file) ? null : `${shown(file)}:${line}`
  }
  return null
}

/** A path below the package, or as seen from the working folder. */
function shown(file: string): string {
  const path = file.includes('%') ? fileURLToPath(`file://${file}`) : file
  const own = /^.*\/((?:model|properties|explorer|counterexamples)\/.*)$/.exec(path)?.[1]
  if (own !== undefined) return own
  const near = relative(process.cwd(), path)
  return near.startsWith(`..${sep}`) ? path : near
}
