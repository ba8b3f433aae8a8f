import type { Design, Expectation } from '../../../model/designs/design.ts'
import { isJudgedByDefault } from '../../../model/designs/judged-properties.ts'
import type { Question } from '../../../model/designs/questions.ts'
import type { LocatedStep } from '../../../model/language/machine.ts'
import { describePatch, type Patch } from '../../../model/language/patch.ts'
import type { Property } from '../../../model/language/property.ts'
import type { Scenario } from '../../../model/scenarios/scenario.ts'
import { builtSystem } from '../built-systems.ts'
import { allProperties, findNamed, scenariosOf, titled } from '../catalogue.ts'
import { addersOf } from '../cells.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import { type Machine, machinesOf } from '../machines.ts'
import { unknownName } from '../nearest.ts'
import { evidenceFor } from '../question-evidence.ts'
import { wrapAtSpaces } from '../wrap.ts'

/**
 * `mmucheck explain`: what a property, design, scenario, question, machine or step means. A name that several things
 * share is explained for each.
 * @throws UsageError for a name that nothing has.
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
    ...(machine === undefined ? [] : [aboutMachine(machine)]),
    ...aboutBlocks(machines, name),
    ...aboutSteps(machines, name),
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

/** A design question, its answer, and what a search of each cell that shows it finds now. */
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

function aboutProperty({ catalogue }: CommandContext, p: Property<unknown>): Rows {
  const listing = catalogue.scenarios.filter((s) => s.properties.includes(p.id))
  const checked = listing.map((s) => s.id)
  const byDefault = catalogue.scenarios.filter((s) => !listing.includes(s) && isJudgedByDefault(s, p))
  const leftOut = catalogue.scenarios.filter(({ leavesOut = {} }) => Object.hasOwn(leavesOut, p.id))
  const adders = addersOf(catalogue, p)
  const places = adders.map((d) => `with design ${titled(d)}: ${d.scenarios.join(', ')}`)
  const broken = catalogue.designs
    .filter((d) => d.expect.some((e) => e.property === p.id && e.verdict === 'violated'))
    .map((d) => titled(d))
  return [
    ['property', titled(p)],
    ['says', p.title],
    ['kind', p.class === undefined ? p.kind : `${p.kind}, ${p.class}`],
    ['when', p.when ?? ''],
    ['if not', p.consequence ?? ''],
    ['from', p.reference ?? ''],
    [
      'checked',
      [...(checked.length === 0 ? [] : [checked.join(', ')]), ...places].join('; ') || 'no scenario',
    ],
    ['by default', byDefault.map((s) => s.id).join(', ')],
    ...leftOut.map((s): Rows[number] => ['not in', `${s.id}: ${s.leavesOut?.[p.id]}`]),
    ['broken by', broken.join(', ') || 'no design'],
  ]
}

function aboutDesign(context: CommandContext, d: Design<unknown>): Rows {
  const { commit, version, function: fn } = d.kernel
  const scenarios = scenariosOf(context.catalogue, d).map((s) => s.id)
  return [
    ['design', titled(d)],
    ['is', d.title],
    ['about', d.about],
    ['status', d.status],
    ['kernel', [...(commit === undefined ? [] : [`commit ${commit}`]), version, `${fn}()`].join(', ')],
    ['seen in', scenarios.join(', ')],
    ...d.patches.map((p, i) => [i === 0 ? 'patches' : '', describePatch(p as Patch<never>)] as const),
    ...(d.patches.length === 0 ? [['patches', 'none: the model as it stands'] as const] : []),
    ...expectations(d),
  ]
}

/** What a design does to a property. */
const WORDS: Readonly<Record<Expectation['verdict'], string>> = {
  violated: 'violates',
  holds: 'keeps',
  vacuous: 'leaves nothing to judge of',
  reached: 'reaches',
  'not-reached': 'does not reach',
}

/** A row per scenario in which something else is expected than that all hold and are reached. */
function expectations({ expect }: Design<unknown>): Rows {
  const scenarios = [...new Set(expect.map((e) => e.scenario))]
  return scenarios.map((scenario, index) => {
    const cells = expect.filter((e) => e.scenario === scenario)
    const said = cells.map(({ property, verdict, length, note }) => {
      const steps = length === undefined ? '' : ` (${length} steps)`
      return `${WORDS[verdict]} ${property}${steps}${note === undefined ? '' : `: ${note}`}`
    })
    return [index === 0 ? 'expected' : '', `${scenario} ${said.join(', ')}`] as const
  })
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
    ['bounds', bounds.join(', ')],
    ['threads', kinds.join(', ')],
    ['checks', s.properties.join(', ')],
    ['by default', byDefault.map((p) => p.id).join(', ')],
    ...Object.entries(s.leavesOut ?? {}).map(([id, why]): Rows[number] => ['leaves out', `${id}: ${why}`]),
  ]
}

function aboutMachine(m: Machine): Rows {
  return [
    ['machine', m.id],
    ['is', m.title],
    ['runs in', m.scenarios.join(', ')],
    ['steps', m.thread.flow.steps.map((s) => s.path).join(', ')],
  ]
}

/** Every block of steps whose path ends in the name. */
function aboutBlocks(machines: readonly Machine[], name: string): Rows[] {
  const wanted = name.toLowerCase()
  return machines.flatMap(({ id, thread }) => {
    const paths = thread.flow.steps.map((s) => s.path)
    const blocks = new Set(
      paths.flatMap(blocksOf).filter((b) => `/${b.toLowerCase()}`.endsWith(`/${wanted}`)),
    )
    return [...blocks].map((b): Rows => {
      const inside = thread.flow.steps.filter((s) => s.path.startsWith(`${b}/`))
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

/** Every step whose path, or whose own name, is the name; equal steps of one machine are told once. */
function aboutSteps(machines: readonly Machine[], name: string): Rows[] {
  const wanted = name.toLowerCase()
  return machines.flatMap((m) => {
    const found = m.thread.flow.steps.filter(({ path }) => {
      const lower = path.toLowerCase()
      return lower === wanted || lower.endsWith(`/${wanted}`) || `${m.id}.${lower}` === wanted
    })
    const distinct = new Map(found.map((located) => [JSON.stringify(located.step.about), located]))
    return [...distinct.values()].map((located) => aboutStep(m, located, found))
  })
}

function aboutStep(m: Machine, located: LocatedStep<never>, all: readonly LocatedStep<never>[]): Rows {
  const { about, cases } = located.step
  const paths = all.filter((s) => JSON.stringify(s.step.about) === JSON.stringify(about)).map((s) => s.path)
  const targets = cases.map((_, index) => m.thread.flow.target(located, index))
  return [
    ['step', `${m.id}.${located.path}`],
    ['function', about.fn === undefined ? '' : `${about.fn}()`],
    ['read in', about.since ?? ''],
    ['shows', typeof about.shows === 'string' ? about.shows : ''],
    ['fused', about.fused ?? ''],
    ['waits', cases.every((c) => c.when !== undefined) ? 'blocked until its guard is true' : ''],
    ['then', [...new Set(targets)].join(' or ')],
    ['rests', about.validEnd === true ? 'the thread may stay here for ever' : ''],
    ['also as', paths.filter((p) => p !== located.path).join(', ')],
  ]
}

function allNames({ catalogue }: CommandContext, machines: readonly Machine[]): string[] {
  const { properties, designs, scenarios, questions = [] } = catalogue
  const named = [...properties, ...designs, ...scenarios, ...questions, ...machines]
  const steps = machines.flatMap((m) => m.thread.flow.steps.map((s) => s.path))
  return [
    ...named.flatMap((n) => [n.id, ...('aliases' in n ? (n.aliases ?? []) : [])]),
    ...steps.flatMap((path) => [path, path.slice(path.lastIndexOf('/') + 1), ...blocksOf(path)]),
  ]
}
