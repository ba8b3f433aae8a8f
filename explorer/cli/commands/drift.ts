import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { InputError, readInput } from '../../../counterexamples/input-file.ts'
import { compareVersions } from '../../../model/language/anchor.ts'
import { printableJson, quotedPath } from '../../../model/language/quoted.ts'
import {
  citationsOf,
  type Definitions,
  definitionsIn,
  driftOf,
  type Facts,
  factsOf,
  factsSchema,
  isInStep,
  loadCParser,
  matching,
  NoTree,
  sourcesIn,
} from '../../drift/index.ts'
import type { CitedSources } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import { EXIT } from '../exit-status.ts'
import { readJson } from '../json-file.ts'
import { programsIn } from '../machines.ts'
import { firstIssue, readOptions } from '../options.ts'
import { packageInfo } from '../package-info.ts'
import { driftLines } from '../report/drift-text.ts'

const options = z.object({
  kernel: z.string().min(1, 'must name a folder'),
  as: z
    .string()
    .regex(/^v?\d+\.\d+$/, 'must be a version such as 6.12')
    .transform((version) => (version.startsWith('v') ? version : `v${version}`))
    .optional(),
  facts: z.string().min(1, 'must name a folder').optional(),
  update: z.literal(true).optional(),
  json: z.boolean().default(false),
})

/** The Makefile of a kernel has 60 KiB; its version is at the top. */
const MOST_MAKEFILE = 1 << 20

/**
 * `mmucheck drift`: compares a kernel tree with what the model cites of it. With --update, first writes the facts
 * about the cited functions that the tree is compared with.
 * @throws UsageError if there is no such tree or no facts.
 */
export async function drift({ io, catalogue }: CommandContext, raw: unknown): Promise<number> {
  const flags = readOptions(options, raw)
  const { sources } = catalogue
  if (sources === undefined) throw new UsageError('this model cites no sources')
  const definitions = await readTree(flags.kernel, sources)
  const folder = flags.facts ?? join(packageInfo().root, sources.facts)
  const release = releaseOf(flags.kernel)
  const known = flags.as ?? (release === null ? null : nearest(release, sources))
  const before = known === null ? bestMatch(folder, sources, definitions) : factsIn(folder, sources, known)
  const version = `v${before.version}`
  const base = catalogue.kernels === undefined ? catalogue : catalogueOfKernel(catalogue, before.version)
  const citations = citationsOf(programsIn(base), version, (step) => sources.standsForCode(step, version))
  const facts = flags.update
    ? { ...factsOf(before, citations, definitions), release: release ?? before.release }
    : before
  if (flags.update) write(join(folder, `${version}.json`), facts)
  const found = driftOf(facts, citations, definitions)
  const inStep = isInStep(found)
  if (flags.json) io.out(printableJson({ version: facts.version, release: facts.release, inStep, ...found }))
  else for (const line of driftLines(found, facts, flags.kernel, io)) io.out(line)
  return inStep ? EXIT.holds : EXIT.mismatch
}

/** @throws UsageError if there is no such tree. */
async function readTree(root: string, { paths }: CitedSources): Promise<Definitions> {
  try {
    const files = sourcesIn(root, paths)
    return definitionsIn(files, await loadCParser())
  } catch (error) {
    if (!(error instanceof NoTree)) throw error
    throw new UsageError(`${quotedPath(root)} is no kernel tree: ${error.message}`)
  }
}

/** The version that the Makefile of a tree states, `6.12.117`; null if there is none. */
function releaseOf(root: string): string | null {
  let text: string
  try {
    text = readInput(join(root, 'Makefile'), MOST_MAKEFILE)
  } catch (error) {
    if (error instanceof InputError) return null
    throw error
  }
  const [major, minor, stable] = ['VERSION', 'PATCHLEVEL', 'SUBLEVEL'].map(
    (name) => new RegExp(`^${name} *= *(\\d{1,5})$`, 'm').exec(text)?.[1],
  )
  if (major === undefined || minor === undefined) return null
  return [major, minor, ...(stable === undefined || stable === '0' ? [] : [stable])].join('.')
}

/** The newest version with facts that is not newer than a release. @throws UsageError if all are. */
function nearest(release: string, { versions }: CitedSources): string {
  const older = versions.filter((version) => compareVersions(version, `v${release}`) <= 0)
  const [found] = [...older].sort((a, b) => compareVersions(b, a))
  if (found !== undefined) return found
  throw new UsageError(
    `the tree is Linux ${release}, and the oldest version that was read is ${versions[0]}; compare with that one by --as`,
  )
}

/** The facts of the version of which the tree has most functions unchanged. */
function bestMatch(folder: string, sources: CitedSources, definitions: Definitions): Facts {
  const all = sources.versions.map((version) => factsIn(folder, sources, version))
  const matches = all.map((facts) => matching(facts, definitions))
  return all[matches.lastIndexOf(Math.max(...matches))]
}

/** @throws UsageError if there are none, or they are damaged. */
function factsIn(folder: string, { versions }: CitedSources, version: string): Facts {
  if (!versions.includes(version))
    throw new UsageError(`${version} was not read; versions that were: ${versions.join(', ')}`)
  const path = join(folder, `${version}.json`)
  const parsed = factsSchema.safeParse(readJson('facts', path))
  if (!parsed.success)
    throw new UsageError(`${quotedPath(path)} is no table of facts: ${firstIssue(parsed.error)}`)
  if (`v${parsed.data.version}` !== version)
    throw new UsageError(`${quotedPath(path)} has the facts of another version`)
  return parsed.data
}

function write(path: string, facts: Facts): void {
  const functions = Object.entries(facts.functions).map(
    ([name, known]) => `    ${JSON.stringify(name)}: ${JSON.stringify(known)}`,
  )
  const text = `{\n  "version": ${JSON.stringify(facts.version)},\n  "release": ${JSON.stringify(facts.release)},\n  "functions": {\n${functions.join(',\n')}\n  }\n}\n`
  try {
    writeFileSync(path, text)
  } catch (error) {
    throw new UsageError(`cannot write ${quotedPath(path)}: ${(error as NodeJS.ErrnoException).code}`)
  }
}
