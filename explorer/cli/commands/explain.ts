import type { Design, Expectation } from '../../../model/designs/design.ts'
import { isAlwaysJudged, isJudgedByDefault } from '../../../model/designs/judged-properties.ts'
import type { Question } from '../../../model/designs/questions.ts'
import type { LocatedStep } from '../../../model/language/machine.ts'
import { describePatch, type Patch } from '../../../model/language/patch.ts'
import type { Property } from '../../../model/language/property.ts'
import type { Scenario } from '../../../model/scenarios/scenario.ts'
import { builtSystem } from '../built-systems.ts'
import {
  allProperties,
  findDesign,
  findNamed,
  findScenario,
  namedIn,
  namesOf,
  scenariosOf,
  titled,
} from '../catalogue.ts'
import { addersOf } from '../cells.ts'
import type { CommandContext } from '../command-context.ts'
import { statementOf } from '../design-effect.ts'
import { UsageError } from '../errors.ts'
import { type Machine, machinesOf } from '../machines.ts'
import { unknownName } from '../nearest.ts'
import { evidenceFor } from '../question-evidence.ts'
import { wrapAtSpaces } from '../wrap.ts'

/**
 * `mmucheck explain`: what a property, design, scenario, question, machine, block or step means. A name that several of
 * them share is explained for each.
 * @throws UsageError for an unknown name.
 */
export function explain(context: CommandContext, name: string): number {
  const { catalogue, io } = context
  const machines = machinesOf(catalogue)
  const property = findNamed(allProperties(catalogue), name)
  const design = findNamed(catalogue.designs, name)
  const scenario = findNamed(catalogue.scenarios, name)
  const machine = findNamed(machines, name)
  const question = findNamed(catalogue.questions ?? [], name)
  const texts = [
    ...(question === undefined ? [] : [aboutQuestion(context, question)]),
    ...(property === undefined ? [] : [aboutProperty(context, property)]),
    ...(design === undefined ? [] : [aboutDesign(context, design)]),
    ...(scenario === undefined ? [] : [aboutScenario(context, scenario)]),
    ...(machine === undefined ? [] : [aboutMachine(context, machine)]),
    ...aboutBlocks(machines, name),
    ...aboutSteps(context, machines, name),
  ]
  if (texts.length === 0) throw new UsageError(unknownName(null, name, allNames(context, machines)))
  texts.forEach((rows, index) => {
    if (index > 0) io.out('')
    const [[what, title], ...rest] = rows
    io.out(`${what} ${io.colour.bold(title)}`)
    for (const [label, text] of rest) {
      if (text === '') continue
      const lines = wrapAtSpaces(text, io.width - 13)
      lines.forEach((line, i) => {
        io.out(`  ${(i === 0 ? label : '').padEnd(11)}${line}`)
      })
    }
  })
  return 0
}

/** A heading and labelled paragraphs; empty ones are left out. */
type Rows = readonly (readonly [string, string])[]

/** A design question, its answer, and the verdicts of the cells that show it, searched now. */
function aboutQuestion({ catalogue }: CommandContext, asked: Question): Rows {
  const { id, aliases, title, question, answer } = asked
  return [
    ['question', titled({ id, aliases })],
    ['mail', title],
    ['asks', question],
    ['answer', answer],
    ...evidenceFor(asked, catalogue).map((line, index): Rows[number] => [
      index === 0 ? 'evidence' : '',
      line,
    ]),
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
    ...leftOut.map((s): Rows[number] => ['not in', `${s.id}: ${s.leavesOut?.[p.id]}`]),
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
    ['bounds', `${bounds.join(', ')} (docs/formats/scenario.md says what they limit)`],
    ['threads', kinds.join(', ')],
    ['checks', s.properties.join(', ')],
    ['by default', byDefault.map((p) => p.id).join(', ')],
    ...Object.entries(s.leavesOut ?? {}).map(([id, why]): Rows[number] => ['leaves out', `${id}: ${why}`]),
    ['run', `mmucheck check ${s.id}`],
  ]
}

function aboutMachine({ catalogue }: CommandContext, m: Machine): Rows {
  const all = catalogue.scenarios.map((s) => s.id)
  return [
    ['machine', m.id],
    ['is', m.title],
    ['runs in', namesAmong(m.scenarios, all)],
    ['steps', m.flow.steps.map((s) => s.path).join(', ')],
  ]
}

/** Every block of steps whose path ends in the name. */
function aboutBlocks(machines: readonly Machine[], name: string): Rows[] {
  const wanted = name.toLowerCase()
  return machines.flatMap(({ id, flow }) => {
    const paths = flow.steps.map((s) => s.path)
    const blocks = new Set(
      paths.flatMap(blocksOf).filter((b) => `/${b.toLowerCase()}`.endsWith(`/${wanted}`)),
    )
    return [...blocks].map((b): Rows => {
      const inside = flow.steps.filter((s) => s.path.startsWith(`${b}/`))
      const functions = new Set(inside.flatMap(({ step }) => step.about.fn ?? []))
      return [
        ['block', `${id}.${b}`],
        ['function', [...functions].join(', ')],
        ['steps', inside.map((s) => s.path.slice(b.length + 1)).join(', ')],
      ]
    })
  })
}

/** `a/b` and `a` for `a/b/c`. */
const blocksOf = (path: string): string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, i, parts) => parts.slice(0, i + 1).join('/'))

/** Every step with this path or name; a step that occurs several times in a machine is explained once. */
function aboutSteps(context: CommandContext, machines: readonly Machine[], name: string): Rows[] {
  const wanted = name.toLowerCase()
  return machines.flatMap((m) => {
    const found = m.flow.steps.filter(({ path }) => {
      const lower = path.toLowerCase()
      return lower === wanted || lower.endsWith(`/${wanted}`) || `${m.id}.${lower}` === wanted
    })
    const distinct = new Map(found.map((located) => [JSON.stringify(located.step.about), located]))
    return [...distinct.values()].map((located) => aboutStep(context, m, located, found))
  })
}

function aboutStep(
  context: CommandContext,
  m: Machine,
  located: LocatedStep<never>,
  all: readonly LocatedStep<never>[],
): Rows {
  const { about, cases } = located.step
  const paths = all.filter((s) => JSON.stringify(s.step.about) === JSON.stringify(about)).map((s) => s.path)
  const targets = cases.map((_, index) => m.flow.target(located, index))
  return [
    ['step', `${m.id}.${located.path}`],
    ['function', about.fn === undefined ? '' : `${about.fn}()`],
    ['read in', about.since ?? ''],
    ['does', statementIn(context, m, located) ?? ''],
    ['coarsened', about.fused ?? ''],
    ['waits', cases.every((c) => c.when !== undefined) ? 'until its guard is true' : ''],
    ['then', [...new Set(targets)].join(' or ')],
    ['valid end', about.validEnd === true ? 'the thread may stop here for good' : ''],
    ['also at', paths.filter((p) => p !== located.path).join(', ')],
  ]
}

/** The statement that diagrams show for a step, in the initial state of the first scenario that runs it. */
function statementIn({ catalogue }: CommandContext, m: Machine, { step }: LocatedStep<never>): string | null {
  const adds = m.design === undefined ? undefined : findDesign(catalogue, m.design).adds
  const scenario = findScenario(catalogue, m.scenarios[0])
  return statementOf(
    () => builtSystem(scenario, { patches: [], ...(adds === undefined ? {} : { adds }) }),
    m.id,
    step,
  )
}

function allNames({ catalogue }: CommandContext, machines: readonly Machine[]): string[] {
  const steps = machines.flatMap((m) => m.flow.steps.map((s) => s.path))
  return [
    ...namesOf([...namedIn(catalogue), ...machines]),
    ...steps.flatMap((path) => [path, path.slice(path.lastIndexOf('/') + 1), ...blocksOf(path)]),
  ]
}
