import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { replaceFile } from '../checkpoint/index.ts'
import { instanceOf, instances, type ModelInstance, smallInstances } from './catalogue.ts'
import { type Comparison, compare, type Rounds } from './comparison.ts'
import type { Contestant, Tool } from './contestants/contestant.ts'
import { handWrittenC } from './contestants/hand-written-c.ts'
import { ours } from './contestants/ours.ts'
import { rumur } from './contestants/rumur.ts'
import { spin } from './contestants/spin.ts'
import { xstateGraph } from './contestants/xstate-graph.ts'
import { provide } from './debian.ts'
import { machineNotes } from './machine-notes.ts'
import { standings } from './marks.ts'
import { packageFolder } from './model-source.ts'
import { type ProfileSummary, profileSearch, profileSummary } from './profile.ts'
import { type Profiled, report } from './report.ts'

const tools = ['ours', 'spin', 'rumur', 'c', 'xstate-graph'] as const satisfies readonly Tool[]

const list = (text: string): string[] => text.split(',').map((word) => word.trim())

/** Makes an option parser out of a schema: what does not fit ends as a usage error. */
function checked<T>(schema: z.ZodType<T>): (text: string) => T {
  return (text) => {
    const parsed = schema.safeParse(text)
    if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues[0].message)
    return parsed.data
  }
}

const knownModels = z.string().transform((text, context): ModelInstance[] => {
  try {
    return list(text).map(instanceOf)
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
    return z.NEVER
  }
})

const program = new Command('bench')
  .description('compares our searches with SPIN, Rumur, hand-written C and xstate/graph on equal models')
  .option('--models <ids>', 'these models only, comma-separated', checked(knownModels))
  .option(
    '--tools <names>',
    `of ${tools.join(',')}`,
    checked(
      z
        .string()
        .transform(list)
        .pipe(z.array(z.enum(tools))),
    ),
    [...tools],
  )
  .option('--modes <ids>', 'these modes only, for example fingerprint,spin-dfs', list)
  .option('--without <pairs>', 'leave these out, for example two-phase-9:rumur,two-phase-9:rumur-2', list, [])
  .option('--repetitions <n>', 'rounds', checked(z.coerce.number().int().min(1).max(100)), 5)
  .option('--once-above <seconds>', 'run slower contestants once', checked(z.coerce.number().positive()), 60)
  .option('--quick', 'small models, two rounds: tries the benchmark, measures nothing')
  .option('--no-profile', 'leave the profiles out')
  .option('--keep-profile', 'keep the profiles as the "before" of later runs')
  .option('--out <file>', 'where the report goes; "-" for stdout only')
  .parse()

const options = program.opts<{
  models?: ModelInstance[]
  tools: Tool[]
  modes?: string[]
  without: string[]
  repetitions: number
  onceAbove: number
  quick?: boolean
  profile: boolean
  keepProfile?: boolean
  out?: string
}>()

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}
const benchFolder = join(packageFolder(), 'explorer', 'bench')
const keptProfiles = join(benchFolder, 'profiles-before.json')

function main(): void {
  const skipped: string[] = []
  const date = new Date().toISOString().slice(0, 10)
  const present = options.tools.filter((tool) => {
    const missing = whatIsMissing(tool)
    if (missing !== null) skipped.push(`${tool}, because ${missing}`)
    return missing === null
  })
  const withoutMemory = provide('/usr/bin/time', 'time')
  if (withoutMemory !== null) skipped.push(`peak memory, because ${withoutMemory}`)
  const compiled = present.some((t) => t === 'spin' || t === 'rumur' || t === 'c')
  const notes = machineNotes([
    ...(compiled ? ['gcc'] : []),
    ...present.filter((t) => t === 'spin' || t === 'rumur'),
  ])

  const rounds: Rounds = {
    repetitions: options.quick === true ? 2 : options.repetitions,
    onceAbove: options.onceAbove,
    log: say,
  }
  const wanted = (contestant: Contestant): boolean =>
    present.includes(contestant.tool) && (options.modes?.includes(contestant.id) ?? true)
  const searchers = [...ours, ...spin, ...rumur, ...handWrittenC].filter(wanted)
  const models = options.models ?? (options.quick === true ? smallInstances : instances)
  if (options.without.length > 0) skipped.push(`${options.without.join(', ')}, because it was asked for`)
  const comparisons: Comparison[] = []
  const profiles: Profiled[] = []
  const remarks = readFileSync(join(benchFolder, 'remarks.md'), 'utf8').trim()
  const out = options.out ?? (options.models === undefined && options.quick !== true ? resultsFile() : '-')
  const text = (): string =>
    report({ date, notes, skipped, comparisons, standings: standings(comparisons), remarks, profiles })
  const add = (comparison: Comparison): void => {
    comparisons.push(comparison)
    // Saved now, so that an hour of measurements is not lost if something fails later.
    if (out !== '-') replaceFile(`${out}.part`, text())
  }

  for (const model of models) {
    const taking = searchers.filter(({ id }) => !options.without.includes(`${model.id}:${id}`))
    add(compare(model, taking, 'search', rounds))
  }
  if (options.models === undefined) {
    const graph = xstateGraph.filter(wanted)
    for (const id of graph.length > 0 ? ['two-phase-5', 'kvm-composite-1-2-1-1'] : [])
      add(compare(instanceOf(id), [...pick(ours, 'fingerprint', 'exact'), ...graph], 'search', rounds))
    const quickest = pick([...ours, ...spin, ...rumur].filter(wanted), 'exact', 'spin-dfs', 'rumur')
    if (quickest.length > 1) add(compare(instanceOf('two-phase-3'), quickest, 'latency', rounds))
  }
  if (options.profile && options.quick !== true && present.includes('ours'))
    for (const model of models) for (const mode of profiledModes) profiles.push(profiled(model, mode))

  process.stdout.write(text())
  if (out !== '-') {
    replaceFile(out, text())
    rmSync(`${out}.part`, { force: true })
  }
  if (options.keepProfile === true) replaceFile(keptProfiles, `${JSON.stringify(kept(profiles), null, 2)}\n`)
}

const resultsFile = (): string => join(benchFolder, 'results.md')

function whatIsMissing(tool: Tool): string | null {
  if (tool === 'ours' || tool === 'xstate-graph') return null
  return (tool === 'c' ? null : provide(tool)) ?? provide('gcc')
}

function pick(from: readonly Contestant[], ...ids: string[]): Contestant[] {
  return from.filter(({ id }) => ids.includes(id))
}

const keptSchema = z.record(z.string(), profileSummary)

const profiledModes = ['fingerprint', 'exact', 'fingerprint-symmetry']

function profiled(instance: ModelInstance, mode: string): Profiled {
  say(`${instance.id} ${mode}: profile`)
  const before = existsSync(keptProfiles)
    ? keptSchema.parse(JSON.parse(readFileSync(keptProfiles, 'utf8')))
    : {}
  return {
    instance,
    mode,
    now: profileSearch(instance, mode),
    before: before[`${instance.id} ${mode}`] ?? null,
  }
}

/** The part of the profiles that a later report shows. */
function kept(profiles: readonly Profiled[]): Record<string, ProfileSummary> {
  return Object.fromEntries(
    profiles.map(({ instance, mode, now: { seconds, functions } }) => [
      `${instance.id} ${mode}`,
      { seconds, functions: functions.filter(({ share }) => share >= 0.005) },
    ]),
  )
}

try {
  main()
} catch (error) {
  say(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
