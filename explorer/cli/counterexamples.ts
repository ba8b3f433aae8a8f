import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Counterexample, readCounterexample } from '../../counterexamples/file.ts'
import { isPassedPipe } from '../../counterexamples/input-file.ts'
import { ReplayDisagreement, type Replayed, type Resolve, replay } from '../../counterexamples/replay.ts'
import { printableJson, quoted, quotedPath } from '../../model/language/quoted.ts'
import { ReplayError } from '../../model/language/reference.ts'

import { goalReachableIn } from '../search/goal-reachable.ts'
import { builtSystem } from './built-systems.ts'
import { faultsOf, findNamed, findProperty, findScenario } from './catalogue.ts'
import type { Checker } from './checker.ts'
import { InternalError, UsageError } from './errors.ts'
import { packageInfo } from './package-info.ts'
import { readDesign, type UserDesign } from './user-design.ts'

/** Where a counterexample comes from. */
export interface Source {
  /** Path of a file, or `ce-...`. */
  readonly name: string
  /** Folder in which ids are looked up first. */
  readonly out: string
  /** Design file, for a counterexample of a user's own design. */
  readonly design?: string | undefined
}

/**
 * The file that a name stands for: a path, or an id in the output folder or among the known ones.
 * @throws UsageError when there is none.
 */
export function fileOf({ name, out }: Source): string {
  if (existsSync(name)) return name
  const file = name.endsWith('.json') ? name : `${name}.json`
  const known = join(packageInfo().root, 'counterexamples')
  const places = [out, known, join(known, 'known')].map((folder) => join(folder, file))
  const found = /[/\\]/.test(name) ? undefined : places.find((path) => existsSync(path))
  if (found === undefined)
    throw new UsageError(
      `there is no counterexample "${quotedPath(name)}", neither a file nor in ${quotedPath(out)}`,
    )
  return found
}

/**
 * Reads a counterexample and replays it by xstate alone.
 * @throws CounterexampleError or UsageError for a file that cannot be understood, or that no longer fits the design
 *   file; InternalError when the model does not allow the behaviour or the property is not violated.
 */
export function load(checker: Checker, source: Source): Replayed {
  const ce = readCounterexample(fileOf(source))
  const own = source.design === undefined ? null : readDesign(checker.catalogue, source.design)
  try {
    return replayed(checker, ce, own)
  } catch (error) {
    if (!(error instanceof InternalError) || own === null) throw error
    const file = quotedPath(own.file)
    throw new UsageError(`${error.message}; has ${file} changed since ${ce.id} was found? Check it again`)
  }
}

/**
 * Replays a counterexample by xstate alone.
 * @param own the design, where it is one of the user's.
 * @throws UsageError for a name that does not exist, InternalError when the model does not allow the behaviour or the
 *   property is not violated.
 */
export function replayed(checker: Checker, ce: Counterexample, own: UserDesign | null): Replayed {
  const resolve = resolverOf(checker, ce, own)
  try {
    const { catalogue } = checker
    const faults = faultsOf(catalogue, findNamed(catalogue.designs, ce.design) ?? {})
    return replay(ce, resolve, (codes, goal) => goalReachableIn(resolve(ce).system, { faults })(codes, goal))
  } catch (error) {
    if (error instanceof ReplayError) throw new InternalError(`${ce.id}: ${error.message}`)
    if (error instanceof ReplayDisagreement) throw new InternalError(error.message)
    throw error
  }
}

/** How to call the file in a command for others: a pipe is gone when they read it. */
const fileNameOf = ({ file, data }: UserDesign): string => (isPassedPipe(file) ? `${data.id}.json` : file)

/** Finds scenario, design and property in the catalogue, unless the design is the user's own. */
function resolverOf(
  { catalogue, version, modelHash }: Checker,
  ce: Counterexample,
  own: UserDesign | null,
): Resolve {
  const design = own === null ? findNamed(catalogue.designs, ce.design) : own.design
  if (design === undefined) {
    throw new UsageError(
      `${ce.id} is of the design "${quoted(ce.design)}", which is not in the catalogue; give its file with --design`,
    )
  }
  if (own !== null && design.id !== ce.design) {
    throw new UsageError(
      `${quotedPath(own.file)}: is the design ${design.id}, but ${ce.id} is of ${quoted(ce.design)}`,
    )
  }
  const scenario = findScenario(catalogue, ce.scenario)
  const system = builtSystem(scenario, design)
  const property = findProperty(catalogue, ce.property, design)
  const facts = { version, model: modelHash() }
  const named = own === null ? design : { ...design, file: fileNameOf(own), text: printableJson(own.data) }
  return () => ({ system, property, scenario, design: named, checker: facts })
}
