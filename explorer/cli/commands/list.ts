import { z } from 'zod'
import { STATUSES } from '../../../model/designs/design.ts'
import { type Kernel, releaseOf } from '../../../model/kernels/kernel.ts'
import { printableJson, quoted } from '../../../model/language/quoted.ts'
import { boundOptionsOf, defaultInWords } from '../bound-options.ts'
import { allProperties, findNamed, type Named, namedIn, titled } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import { machinesOf } from '../machines.ts'
import { matcherOf, textOf } from '../matcher.ts'
import { unknownName } from '../nearest.ts'
import { readOptions } from '../options.ts'
import { wrapAtSpaces } from '../wrap.ts'

const options = z.object({
  json: z.boolean().default(false),
  kernel: z.string().optional(),
  status: z.enum(STATUSES).optional(),
  grep: z.string().min(1, 'must not be empty').optional(),
  function: z.string().min(1, 'must name a function').optional(),
  release: z.string().min(1, 'must name a version').optional(),
})

/** The lists that are printed where none is named. */
const MAIN = ['scenarios', 'designs', 'properties', 'machines'] as const
/** Names of all lists. */
export const LISTS = [...MAIN, 'steps', 'bounds', 'kernels'] as const
type Kind = (typeof LISTS)[number]

/** An item of a list; `data` are the JSON members that only this kind has. */
type Item = Named & {
  readonly aliases: readonly string[]
  readonly title: string
  /** Printed in brackets after the names. */
  readonly status?: string
  readonly data: Readonly<Record<string, unknown>>
}

/**
 * `mmucheck list`: scenarios, designs, properties and machines, or the bounds that a scenario can have, or kernels. As
 * JSON an array for one kind, else an object of arrays. `--grep` keeps items in which a word occurs, `--function` designs and
 * steps of a kernel function, `--status` and `--release` designs.
 * @throws UsageError for a kind or status that does not exist, and for a filter of items that do not have it.
 */
export function list(
  { catalogue: all, ...rest }: CommandContext,
  kind: string | undefined,
  raw: unknown,
): number {
  const flags = readOptions(options, raw)
  const { json, kernel } = flags
  const context = { ...rest, catalogue: catalogueOfKernel(all, kernel) }
  const asked = kind === undefined ? MAIN : [kindOf(context, kind)]
  for (const [name, kinds] of FILTERS) {
    const value = flags[name]
    if (value !== undefined && (kind === undefined || !kinds.includes(asked[0])))
      throw new UsageError(
        `--${name} is for ${kinds.join(' and ')}: mmucheck list ${kinds[0]} --${name} ${quoted(value)}`,
      )
  }
  const isWanted = filterOf(flags)
  const lists = asked.map((each) => [each, itemsOf(context, each).filter(isWanted)] as const)
  const { io } = context
  if (json) {
    const data = lists.map(([each, items]) => [each, items.map(jsonOf)] as const)
    io.out(printableJson(kind === undefined ? Object.fromEntries(data) : data[0][1]))
    return 0
  }
  lists.forEach(([each, items], index) => {
    if (kind === undefined) io.out(`${index === 0 ? '' : '\n'}${io.colour.bold(each)}`)
    for (const item of items) {
      const status = item.status === undefined ? '' : ` [${item.status}]`
      if (io.piped === true) {
        io.out(`${io.colour.bold(titled(item))}${status}: ${item.title}`)
        continue
      }
      const [first, ...rest] = wrapAtSpaces(`${titled(item)}${status}: ${item.title}`, io.width, '')
      io.out(first.replace(titled(item), io.colour.bold(titled(item))))
      for (const line of wrapAtSpaces(rest.join(' '), io.width, '    ')) io.out(line)
    }
  })
  return 0
}

/** What only some lists can be filtered by. */
const FILTERS: readonly (readonly ['status' | 'release' | 'function', readonly Kind[]])[] = [
  ['status', ['designs']],
  ['release', ['designs']],
  ['function', ['designs', 'steps']],
]

/** Whether an item is listed with these options. */
function filterOf({ status, grep, release, function: fn }: z.infer<typeof options>): (item: Item) => boolean {
  const matches = grep === undefined ? null : matcherOf(grep)
  const kernelOf = ({ data }: Item) => data.kernel as { readonly version: string; readonly function: string }
  const functionOf = (item: Item): unknown =>
    'function' in item.data ? item.data.function : kernelOf(item).function
  return (item) =>
    (status === undefined || item.status === status) &&
    (fn === undefined || functionOf(item) === fn.replace(/\(\)$/, '')) &&
    (release === undefined ||
      kernelOf(item)
        .version.split(/[^\w.-]+/)
        .includes(release)) &&
    (matches === null || matches(textOf([item.id, item.aliases, item.title, item.data])))
}

function kindOf({ catalogue }: CommandContext, name: string): Kind {
  const found = LISTS.find((kind) => kind === name.toLowerCase())
  if (found !== undefined) return found
  const what =
    findNamed(namedIn(catalogue), name) === undefined
      ? ''
      : `; to read about it: mmucheck explain ${quoted(name)}`
  throw new UsageError(
    what === '' ? unknownName('list', name, LISTS) : `no list is called "${quoted(name)}"${what}`,
  )
}

function kernelTitle({ undone }: Pick<Kernel<unknown>, 'undone'>): string {
  if (undone.length === 0) return 'the newest; the machines are written as it has them'
  return `as the newest without ${undone.map(({ id, since }) => `${id} (${since})`).join(', ')}`
}

const jsonOf = ({ id, aliases, title, data }: Item) => ({ id, aliases, title, ...data })

function itemsOf({ catalogue }: CommandContext, kind: Kind): Item[] {
  switch (kind) {
    case 'scenarios':
      return catalogue.scenarios.map((scenario) => ({
        id: scenario.id,
        aliases: scenario.aliases,
        title: scenario.title,
        // Only for JSON: reading the bounds of all scenarios takes a quarter of the command.
        get data() {
          const { about, bounds, properties } = scenario
          return { about, bounds, properties }
        },
      }))
    case 'designs':
      return catalogue.designs.map(({ id, aliases, title, status, kernel, about, scenarios, expect }) => ({
        id,
        aliases,
        title,
        status,
        data: { status, kernel, about, scenarios, expect },
      }))
    case 'properties':
      return allProperties(catalogue).map(({ id, aliases, title, kind: sort, reference, ...rest }) => ({
        id,
        aliases: aliases ?? [],
        title,
        data: {
          kind: sort,
          class: rest.class ?? null,
          when: rest.when ?? null,
          reference: reference ?? null,
        },
      }))
    case 'kernels':
      return (catalogue.kernels ?? []).map((kernel) => ({
        id: kernel.id,
        aliases: [releaseOf(kernel)],
        title: kernelTitle(kernel),
        data: {
          release: releaseOf(kernel),
          undone: kernel.undone.map(({ id, title, since }) => ({ id, title, since })),
          lacks: catalogue.scenarios.filter((s) => kernel.lacks(s) !== null).map(({ id }) => id),
        },
      }))
    case 'machines':
      return machinesOf(catalogue).map((machine) => ({
        id: machine.id,
        aliases: [],
        title: machine.title,
        // Only for JSON: finding the steps takes long.
        get data() {
          return { steps: machine.steps.map(({ path }) => path), scenarios: machine.scenarios }
        },
      }))
    case 'steps':
      return machinesOf(catalogue).flatMap(({ id, steps }) =>
        steps.map(({ path, scenario, located }) => {
          const { fn, shows, c, since } = located.step.about
          const statement = typeof shows === 'string' ? shows : typeof c === 'string' ? c : null
          return {
            id: `${id}.${path}`,
            aliases: [],
            title: [
              ...(fn === undefined ? [] : [`${fn}()`]),
              ...(statement === null ? [] : [statement]),
            ].join(': '),
            data: { function: fn ?? null, statement, since: since ?? null, scenario },
          }
        }),
      )
    case 'bounds':
      return boundOptionsOf(catalogue).map((option) => ({
        id: option.id,
        aliases: [],
        title: `${option.title} (${option.values}; ${defaultInWords(option)})`,
        data: {
          group: option.group?.id ?? null,
          about: option.title,
          values: option.values,
          default: option.ifLeftOut ?? null,
          defaultWithoutGroup: option.ifGroupLeftOut ?? null,
        },
      }))
  }
}
