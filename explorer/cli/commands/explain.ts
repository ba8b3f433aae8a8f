import { join } from 'node:path'
import { z } from 'zod'
import { keptOfNewest } from '../../../counterexamples/known-file.ts'
import type { Design, Expectation } from '../../../model/designs/design.ts'
import { isAlwaysJudged, isJudgedByDefault } from '../../../model/designs/judged-properties.ts'
import type { Question } from '../../../model/designs/questions.ts'
import { changedSteps } from '../../../model/kernels/changed-steps.ts'
import { describePatch, type Patch } from '../../../model/language/patch.ts'
import type { Property } from '../../../model/language/property.ts'
import { quoted, quotedPath } from '../../../model/language/quoted.ts'
import type { Scenario } from '../../../model/scenarios/scenario.ts'
import { type BoundOption, boundOptionsOf, defaultInWords } from '../bound-options.ts'
import { builtSystem } from '../built-systems.ts'
import {
  allProperties,
  type Catalogue,
  findDesign,
  findNamed,
  findScenario,
  namedIn,
  namesOf,
  scenariosOf,
  titled,
} from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import { addersOf } from '../cells.ts'
import type { CommandContext } from '../command-context.ts'
import { shortHash } from '../design-code/design-code.ts'
import { designEffect, patchLine, remarksOn, statementOf } from '../design-effect.ts'
import { changeLine } from '../diff/kernel-steps.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { isPathOf, type Machine, type MachineStep, machinesOf } from '../machines.ts'
import { unknownName } from '../nearest.ts'
import { readOptions } from '../options.ts'
import { packageInfo } from '../package-info.ts'
import { evidenceFor } from '../question-evidence.ts'
import { readUserDesign } from '../read-user-design.ts'
import { isDesignFile, type UserDesign } from '../user-design.ts'
import { wrapAtSpaces } from '../wrap.ts'
import { LISTS } from './list.ts'

const options = z.object({ kernel: z.string().optional() })

/** Where counterexamples are kept. */
const KNOWN = join(packageInfo().root, 'counterexamples', 'known')

/**
 * `mmucheck explain`: what a property, design, scenario, bound, question, machine, block or step means. A name that
 * several of them share is explained for each.
 * @throws UsageError for an unknown name.
 */
export async function explain(
  { catalogue: all, ...rest }: CommandContext,
  name: string,
  raw: unknown,
): Promise<number> {
  const { kernel } = readOptions(options, raw)
  const catalogue = catalogueOfKernel(all, kernel)
  const context = { ...rest, catalogue }
  const { io } = rest
  // A path of a step has slashes, too.
  if (isDesignFile(name.slice(name.lastIndexOf('/') + 1))) {
    print(io, [aboutDesignFile(context, await readUserDesign({ ...rest, catalogue: all }, catalogue, name))])
    return 0
  }
  const machines = machinesOf(catalogue)
  const property = findNamed(allProperties(catalogue), name)
  const design = findNamed(catalogue.designs, name)
  const scenario = findNamed(catalogue.scenarios, name)
  const machine = findNamed(machines, name)
  const question = findNamed(catalogue.questions ?? [], name)
  const bound = findNamed(boundOptionsOf(catalogue), name.replace(/^bounds\./i, ''))
  const texts = [
    ...(question === undefined ? [] : [aboutQuestion(context, question)]),
    ...(property === undefined ? [] : [aboutProperty(context, property)]),
    ...(design === undefined ? [] : [aboutDesign(context, design)]),
    ...(scenario === undefined ? [] : [aboutScenario(context, scenario)]),
    ...(machine === undefined ? [] : [aboutMachine(context, machine)]),
    ...aboutDifference(all, name),
    ...(bound === undefined ? [] : [aboutBound(context, bound)]),
    ...aboutBlocks(context, machines, name),
    ...aboutSteps(context, machines, name),
  ]
  if (texts.length > 0) print(io, texts)
  else print(io, [await occurrenceRows(context, machines, name)])
  return 0
}

/** Most lines of a kind that are listed. */
const MOST_LISTED = 20

/** Where a word occurs that is no name. @throws UsageError if it occurs nowhere, with the nearest name. */
async function occurrenceRows(
  context: CommandContext,
  machines: readonly Machine[],
  word: string,
): Promise<Rows> {
  // Only for words that are no names.
  const { occurrencesOf } = await import('../occurrences.ts')
  const found = LISTS.some((list) => list === word.toLowerCase())
    ? []
    : occurrencesOf(context.catalogue, word)
  if (found.length === 0) throw new UsageError(unknown(context, machines, word))
  const kinds = [...new Set(found.map(({ kind }) => kind))]
  return [
    ['word', quoted(word)],
    ...kinds.flatMap((kind): Row[] => {
      const all = found.filter((each) => each.kind === kind)
      const listed = all
        .slice(0, MOST_LISTED)
        .map(({ name, text }) => (text === '' ? name : `${name}: ${text}`))
      const more = all.length - listed.length
      return [...listed, ...(more > 0 ? [`and ${more} more`] : [])].map(
        (text, n): Row => [n === 0 ? kind : '', text],
      )
    }),
    ['next', 'mmucheck explain NAME, with one of these names'],
  ]
}

function print(io: Io, texts: readonly Rows[]): void {
  texts.forEach((rows, index) => {
    if (index > 0) io.out('')
    const [[what, title], ...rest] = rows
    io.out(`${what} ${io.colour.bold(title)}`)
    for (const [label, text, indent = 0] of rest) {
      if (text === '') continue
      const lines = wrapAtSpaces(text, io.width - 13 - 2 * indent)
      lines.forEach((line, i) => {
        io.out(`  ${(i === 0 ? label : '').padEnd(11)}${' '.repeat(i === 0 ? indent : 2 * indent)}${line}`)
      })
    }
  })
}

function unknown(context: CommandContext, machines: readonly Machine[], name: string): string {
  const list = LISTS.find((each) => each === name.toLowerCase())
  return list === undefined
    ? unknownName(null, name, allNames(context, machines))
    : `nothing is called "${quoted(name)}"; it is a list: mmucheck list ${list}`
}

/** A labelled paragraph; with an indent, its further lines are indented twice as far. */
type Row = readonly [label: string, text: string, indent?: number]

/** A heading and labelled paragraphs; empty ones are left out. */
type Rows = readonly Row[]

/** A design question, its answer, and the verdicts of the cells that show it, searched now. */
function aboutQuestion({ catalogue }: CommandContext, asked: Question): Rows {
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

/** What a counterexample to each kind of property is. */
const KINDS: Readonly<Record<Property<unknown>['kind'], string>> = {
  invariant: 'must be true in every reachable state',
  action: 'must be true for every step',
  fault: 'an oops, which ends the behaviour, must not happen',
  deadlock: 'some thread can always take a step, or all may stop',
  progress: 'the goal can still be reached from every reachable state',
  witness: 'a situation that should be reachable, so that the scenario tests something',
  eventually: 'the goal is reached in every fair behaviour',
  'eventually-always': 'from some point on the goal stays true, in every fair behaviour',
  'leads-to': 'after the trigger the goal is reached, in every fair behaviour',
  'no-solo-cycle': 'no thread that runs alone loops without reaching the goal',
}

function aboutProperty({ catalogue }: CommandContext, p: Property<unknown>): Rows {
  const listing = catalogue.scenarios.filter((s) => s.properties.includes(p.id))
  const checked = listing.map((s) => s.id)
  const byDefault = catalogue.scenarios.filter((s) => !listing.includes(s) && isJudgedByDefault(s, p))
  const leftOut = catalogue.scenarios.filter(({ leavesOut = {} }) => Object.hasOwn(leavesOut, p.id))
  const all = catalogue.scenarios.map((s) => s.id)
  const adders = addersOf(catalogue, p)
  const places = adders.map((d) => `with design ${titled(d)}: ${d.scenarios.join(', ')}`)
  const broken = catalogue.designs
    .filter((d) => d.expect.some((e) => e.property === p.id && e.verdict === 'violated'))
    .map((d) => titled(d))
  return [
    ['property', titled(p)],
    ['says', p.title],
    ['kind', `${p.class === undefined ? p.kind : `${p.kind}, ${p.class}`}: ${KINDS[p.kind]}`],
    ['when', p.when ?? ''],
    ['if not', p.consequence ?? ''],
    ['kernel', p.reference ?? ''],
    [
      'checked',
      isAlwaysJudged(p)
        ? 'in every check, requested or not'
        : [...(checked.length === 0 ? [] : [namesAmong(checked, all)]), ...places].join('; ') ||
          'no scenario',
    ],
    ['by default', byDefault.map((s) => s.id).join(', ')],
    ...leftOut.map((s): Row => ['not in', `${s.id}: ${s.leavesOut?.[p.id]}`]),
    ['broken by', broken.join(', ') || 'no design'],
  ]
}

function aboutDesign(context: CommandContext, d: Design<unknown>): Rows {
  const { commit, version, function: fn } = d.kernel
  const scenarios = scenariosOf(context.catalogue, d).map((s) => s.id)
  const all = context.catalogue.scenarios.map((s) => s.id)
  return [
    ['design', titled(d)],
    ['is', d.title],
    ['about', d.about],
    ['status', `${d.status}: ${STATUS[d.status]}`],
    ['kernel', [...(commit === undefined ? [] : [`commit ${commit}`]), version, `${fn}()`].join(', ')],
    ['checked in', namesAmong(scenarios, all)],
    ...d.patches.map((p, i) => [i === 0 ? 'patches' : '', patchText(p as Patch<never>)] as const),
    ...(d.patches.length === 0 ? [['patches', 'none'] as const] : []),
    ...expectations(d),
  ]
}

/** A design file: what it changes, where, and in how many places. */
function aboutDesignFile({ catalogue }: CommandContext, { design, file, code }: UserDesign): Rows {
  const scenarios = scenariosOf(catalogue, design)
  const all = catalogue.scenarios.map(({ id }) => id)
  const effects = scenarios.map((scenario) => ({ id: scenario.id, effect: designEffect(scenario, design) }))
  const changes = design.patches.flatMap((_, n): Row[] => {
    const lines = new Map<string, string[]>()
    for (const { id, effect } of effects) {
      const line = patchLine(effect.patches[n], n)
      lines.set(line, [...(lines.get(line) ?? []), id])
    }
    return [...lines].map(
      ([line, ids]): Row => [
        n === 0 ? 'changes' : '',
        lines.size === 1 ? line : `${line}, in ${ids.join(', ')}`,
      ],
    )
  })
  const remarks = new Set(
    effects.flatMap(({ id, effect }) => remarksOn(effect).map((text) => `${id}: ${text}`)),
  )
  const { properties = [], threads, fields } = design.adds ?? {}
  const adds = [
    ...(fields === undefined ? [] : [`fields ${Object.keys(fields).join(', ')}`]),
    ...(threads === undefined ? [] : ['threads']),
    ...(properties.length === 0 ? [] : [`properties ${properties.map(({ id }) => id).join(', ')}`]),
  ]
  return [
    ['design', design.id],
    ['is', design.title],
    ['about', design.about],
    [
      'file',
      `${quotedPath(file)}${code === undefined ? ', data' : `, code, SHA-256 ${shortHash(code.sha256)}`}`,
    ],
    ...changes.map(([label, text], n): Row => [n === 0 ? 'changes' : label, text]),
    ['adds', adds.join('; ')],
    ...[...remarks].map((text, n): Row => [n === 0 ? 'remarks' : '', text]),
    [
      'checked in',
      namesAmong(
        scenarios.map(({ id }) => id),
        all,
      ),
    ],
    ...expectations(design),
    ['run', `mmucheck check --design ${quotedPath(file)}`],
  ]
}

/** What the status of a design says about its origin. */
const STATUS: Readonly<Record<Design<never>['status'], string>> = {
  upstream: 'KVM as merged',
  bug: 'was in a kernel, and is wrong',
  before: 'was in a kernel, and has been replaced',
  rejected: 'was mailed, and not merged',
  candidate: 'was in no kernel; a plausible change',
  control: 'was in no kernel; shows that a property notices it, or that it makes no difference',
}

/** New code under the same name is all that a listing can say of a step replaced by itself. */
function patchText(patch: Patch<never>): string {
  const text = describePatch(patch)
  const isSame = patch.op === 'replace' && patch.by.length === 1 && patch.by[0].name === patch.name
  return isSame ? text.replace(`${patch.name} by ${patch.name}`, `the code of ${patch.name}`) : text
}

/** Names in a list; `all` for all of them, and `all but ...` if few are missing. */
function namesAmong(names: readonly string[], all: readonly string[]): string {
  const missing = all.filter((name) => !names.includes(name))
  if (all.length < 10 || missing.length > 5) return names.join(', ')
  return missing.length === 0 ? `all ${all.length} scenarios` : `all scenarios but ${missing.join(', ')}`
}

const WORDS: Readonly<Record<Expectation['verdict'], string>> = {
  violated: 'violated',
  holds: 'holds',
  vacuous: 'vacuous (nothing to judge)',
  reached: 'reached',
  'not-reached': 'not reached',
}

/** Rows for each scenario and verdict; one per property that has a note. What is not listed must hold or be reached. */
function expectations({ expect }: Design<unknown>): Rows {
  const rows = new Map<string, string[]>()
  for (const { scenario, property, verdict, length, note } of expect) {
    const heading = `in ${scenario}, ${WORDS[verdict]}:`
    const steps = length === undefined ? '' : ` (${length} steps)`
    const key = note === undefined ? heading : `${heading} ${note}`
    rows.set(key, [...(rows.get(key) ?? [heading, note ?? '']), property + steps])
  }
  const texts = [...rows.values()].map(
    ([heading, note, ...properties]) =>
      `${heading} ${properties.join(', ')}${note === '' ? '' : `. ${note}`}`,
  )
  const others = texts.length === 0 ? 'every property holds' : 'every other property holds'
  return [...texts, others].map((text, index) => [index === 0 ? 'expected' : '', text] as const)
}

function aboutScenario({ catalogue }: CommandContext, s: Scenario<unknown>): Rows {
  const byDefault = catalogue.properties.filter(
    (p) => !s.properties.includes(p.id) && isJudgedByDefault(s, p),
  )
  const bounds = Object.entries(s.bounds).map(([what, n]) => `${what} ${n}`)
  const kinds = [...new Set(builtSystem(s).threads.map((t) => t.name))]
  return [
    ['scenario', titled(s)],
    ['is', s.title],
    ['about', s.about],
    ['bounds', `${bounds.join(', ')} (see mmucheck list bounds)`],
    ['threads', kinds.join(', ')],
    ['checks', s.properties.join(', ')],
    ['by default', byDefault.map((p) => p.id).join(', ')],
    ...Object.entries(s.leavesOut ?? {}).map(([id, why]): Row => ['leaves out', `${id}: ${why}`]),
    ['run', `mmucheck check ${s.id}`],
  ]
}

/** An option in the bounds of a scenario, and the scenarios that set it. */
function aboutBound({ catalogue }: CommandContext, bound: BoundOption): Rows {
  const set = catalogue.scenarios.flatMap(({ id, bounds }) =>
    Object.hasOwn(bounds, bound.id) ? [`${id} ${bounds[bound.id]}`] : [],
  )
  return [
    ['bound', bound.id],
    ['is', bound.title],
    ['group', bound.group === null ? '' : `${bound.group.id}: ${bound.group.title}`],
    ['values', `${bound.values}; ${defaultInWords(bound)}`],
    ...bound.members.map(
      ([name, meaning], index): Row => [index === 0 ? 'members' : '', `${name}: ${meaning}`],
    ),
    ['set in', set.join(', ')],
  ]
}

function aboutMachine(context: CommandContext, m: Machine): Rows {
  const all = context.catalogue.scenarios.map((s) => s.id)
  return [
    ['machine', m.id],
    ['is', m.title],
    ['runs in', namesAmong(m.scenarios, all)],
    ...stepRows(context, m, m.steps),
  ]
}

/** A difference between kernels, and the steps that it changes. */
function aboutDifference({ kernels = [] }: Catalogue, name: string): Rows[] {
  const found = findNamed(
    kernels.flatMap(({ undone }) => undone),
    name,
  )
  if (found === undefined) return []
  const having = kernels.filter(({ undone }) => !undone.some(({ id }) => id === found.id))
  return [
    [
      ['difference', found.id],
      ['is', found.title],
      ['about', found.about],
      [
        'kernel',
        [
          ...(found.commit === undefined ? [] : [`commit ${found.commit}`]),
          found.since,
          `${found.function}()`,
        ].join(', '),
      ],
      ['in', having.map(({ id }) => id).join(', ')],
      ...changedSteps(found).map((step, n): Rows[number] => [n === 0 ? 'steps' : '', changeLine(step)]),
    ],
  ]
}

/** The kernels that do not have a step, and by which differences. */
function inKernels({ kernels = [], kernel }: Catalogue, { id }: Machine, { path }: MachineStep): Rows {
  if (kernel !== kernels.at(-1)) return []
  const last = path.slice(path.lastIndexOf('/') + 1)
  return kernels.flatMap((older): Rows => {
    const by = older.undone.filter((difference) =>
      changedSteps(difference).some(
        (step) =>
          step.machine === id &&
          (step.path === path || (step.path.endsWith(`/${last}`) && path.endsWith(step.path))),
      ),
    )
    return by.map((difference): Rows[number] => [
      `in ${older.id}`,
      `not so: before ${difference.id} (${difference.since})`,
    ])
  })
}

/**
 * A row per step, below its kernel function: path and statement. Of a step that stands in several places, such as one
 * of a function with several callers, only the first is listed, and how many there are.
 * @param skip length of the part of the paths that is left out.
 */
function stepRows(
  context: CommandContext,
  m: Machine,
  steps: readonly MachineStep[],
  skip = 0,
): readonly Row[] {
  const places = new Map<string, MachineStep[]>()
  for (const each of steps) {
    const key = `${each.path.slice(each.path.lastIndexOf('/') + 1)} ${keyOf(each)}`
    places.set(key, [...(places.get(key) ?? []), each])
  }
  let fn: string | null = null
  const rows = [...places.values()].flatMap((same): Row[] => {
    const [{ path, located }] = same
    const heading = located.step.about.fn === undefined ? '(no function)' : `${located.step.about.fn}()`
    const isNew = heading !== fn
    fn = heading
    const statement = statementIn(context, m, same[0])
    const count = same.length === 1 ? '' : ` (${same.length} places)`
    const text = `${path.slice(skip)}${count}${statement === null ? '' : `: ${statement}`}`
    return [...(isNew ? [['', heading] as const] : []), ['', text, 2]]
  })
  return rows.map(([, ...row], index): Row => [index === 0 ? 'steps' : '', ...row])
}

/** Equal for steps that do the same. */
const keyOf = ({ located }: MachineStep): string => JSON.stringify(located.step.about)

/** Every block of steps whose path ends in the name; those of a machine with the same steps are listed once. */
function aboutBlocks(context: CommandContext, machines: readonly Machine[], name: string): Rows[] {
  const isMeant = (path: string): boolean => blocksOf(path).some((block) => isPathOf(block, name))
  return withSuchPath(machines, isMeant).flatMap((m) => {
    const blocks = new Set(
      m.steps.flatMap(({ path }) => blocksOf(path)).filter((block) => isPathOf(block, name)),
    )
    const alike = new Map<string, { readonly places: string[]; readonly rows: readonly Row[] }>()
    for (const block of blocks) {
      const inside = m.steps.filter(({ path }) => path.startsWith(`${block}/`))
      const rows = stepRows(context, m, inside, block.length + 1)
      const known = alike.get(JSON.stringify(rows))
      if (known === undefined) alike.set(JSON.stringify(rows), { places: [block], rows })
      else known.places.push(block)
    }
    return [...alike.values()].map(({ places: [first, ...others], rows }): Rows => {
      return [['block', `${m.id}.${first}`], ...rows, ['also at', others.join(', ')]]
    })
  })
}

/** Machines with a path that is meant: to find the steps of all of them takes long. */
const withSuchPath = (
  machines: readonly Machine[],
  isMeant: (path: string, machine: Machine) => boolean,
): Machine[] => machines.filter((m) => [...m.paths].some((path) => isMeant(path, m)))

/** `a/b` and `a` for `a/b/c`. */
const blocksOf = (path: string): string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, i, parts) => parts.slice(0, i + 1).join('/'))

/** Every step with this path or name; a step that occurs several times in a machine is explained once. */
function aboutSteps(context: CommandContext, machines: readonly Machine[], name: string): Rows[] {
  const isMeant = (path: string, { id }: Machine): boolean =>
    isPathOf(path, name) || `${id}.${path}`.toLowerCase() === name.toLowerCase()
  return withSuchPath(machines, isMeant).flatMap((m) => {
    const found = m.steps.filter(({ path }) => isMeant(path, m))
    const distinct = new Map(found.map((each) => [keyOf(each), each]))
    return [...distinct.values()].map((each) => aboutStep(context, m, each, found))
  })
}

function aboutStep(
  context: CommandContext,
  m: Machine,
  explained: MachineStep,
  all: readonly MachineStep[],
): Rows {
  const { located, path } = explained
  const { about, cases } = located.step
  const places = all.filter((each) => keyOf(each) === keyOf(explained)).map((each) => each.path)
  return [
    ['step', `${m.id}.${path}`],
    ['function', about.fn === undefined ? '' : `${about.fn}()`],
    ['read in', about.since ?? ''],
    ...inKernels(context.catalogue, m, explained),
    ['does', statementIn(context, m, explained) ?? ''],
    ['coarsened', about.fused ?? ''],
    ['waits', cases.every((c) => c.when !== undefined) ? 'until its guard is true' : ''],
    ['then', [...explained.targets].join(' or ')],
    ['valid end', about.validEnd === true ? 'the thread may stop here for good' : ''],
    ['also at', places.filter((p) => p !== path).join(', ')],
  ]
}

/** The statement that diagrams show for a step, in the initial state of the first scenario that has it. */
function statementIn(
  { catalogue }: CommandContext,
  m: Machine,
  { located: { step }, scenario }: MachineStep,
): string | null {
  const adds = m.design === undefined ? undefined : findDesign(catalogue, m.design).adds
  const change = { patches: [], ...(adds === undefined ? {} : { adds }) }
  return statementOf(() => builtSystem(findScenario(catalogue, scenario), change), m.id, step)
}

function allNames({ catalogue }: CommandContext, machines: readonly Machine[]): string[] {
  const paths = machines.flatMap((m) => [...m.paths])
  return [
    ...namesOf([...namedIn(catalogue), ...machines, ...boundOptionsOf(catalogue)]),
    ...paths.flatMap((path) => [path, path.slice(path.lastIndexOf('/') + 1), ...blocksOf(path)]),
  ]
}
