import { z } from 'zod'
import type { Catalogue, Named } from './catalogue.ts'

/** An option in the bounds of a scenario, as its schema describes it. */
export interface BoundOption extends Named {
  /** The group and the option as in a scenario file, `zap.threads`; `vcpus` belongs to no group. */
  readonly id: string
  /** What it limits or switches on. */
  readonly title: string
  /** The group, and what the group is about; null for an option without one. */
  readonly group: { readonly id: string; readonly title: string } | null
  /** The values that it can have, `0 to 16`. */
  readonly values: string
  /** The value where only the option is left out; undefined if there is none. */
  readonly ifLeftOut: unknown
  /** The value where the whole group is left out. */
  readonly ifGroupLeftOut: unknown
  /** Members of the elements of a list, and what they mean. */
  readonly members: readonly (readonly [name: string, meaning: string])[]
}

interface Node {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Node[]
  readonly items?: Node
  readonly properties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
}

const described = { description: z.string().exactOptional(), default: z.unknown().exactOptional() }

/** The part of a JSON Schema that describes bounds. */
const node: z.ZodType<Node> = z.lazy(() =>
  z.object({
    ...described,
    type: z.string().exactOptional(),
    const: z.unknown().exactOptional(),
    minimum: z.number().exactOptional(),
    maximum: z.number().exactOptional(),
    enum: z.array(z.unknown()).exactOptional(),
    anyOf: z.array(node).exactOptional(),
    items: node.exactOptional(),
    properties: z.record(z.string(), node).exactOptional(),
    required: z.array(z.string()).exactOptional(),
  }),
)

const fileSchema = z.object({ properties: z.object({ bounds: node }) })

/** The options that the bounds of a scenario file can have, in the order of the schema. */
export function boundOptionsOf({ scenarioSchema }: Pick<Catalogue<never>, 'scenarioSchema'>): BoundOption[] {
  if (scenarioSchema === undefined) return []
  const { bounds } = fileSchema.parse(scenarioSchema()).properties
  return Object.entries(bounds.properties ?? {}).flatMap(([id, of]) =>
    of.properties === undefined ? [optionOf(id, of, null, undefined)] : optionsIn(id, of),
  )
}

function optionsIn(group: string, of: Node): BoundOption[] {
  const absent = (of.default ?? {}) as Readonly<Record<string, unknown>>
  const about = { id: group, title: of.description ?? '' }
  return Object.entries(of.properties ?? {}).map(([name, each]) =>
    optionOf(`${group}.${name}`, each, about, absent[name]),
  )
}

function optionOf(id: string, of: Node, group: BoundOption['group'], absent: unknown): BoundOption {
  return {
    id,
    title: of.description ?? '',
    group,
    values: valuesOf(of),
    ifLeftOut: of.default,
    ifGroupLeftOut: absent ?? of.default,
    members: Object.entries(of.items?.properties ?? {}).map(([name, { description = '' }]) => [
      name,
      description,
    ]),
  }
}

/** `0 to 16`, `true or false`, `list of 0 to 15`. */
function valuesOf(of: Node): string {
  if (of.const !== undefined) return JSON.stringify(of.const)
  if (of.anyOf !== undefined) return of.anyOf.map(valuesOf).join(' or ')
  if (of.enum !== undefined) return of.enum.map((each) => JSON.stringify(each)).join(' or ')
  if (of.items !== undefined) return `list of ${valuesOf(of.items)}`
  if (of.properties !== undefined) {
    const names = Object.keys(of.properties).map((name) => (of.required?.includes(name) ? name : `${name}?`))
    return `{ ${names.join(', ')} }`
  }
  if (of.type === 'boolean') return 'true or false'
  if (of.minimum !== undefined && of.maximum !== undefined) return `${of.minimum} to ${of.maximum}`
  return of.type ?? 'anything'
}

/** `default 0`, `no default`, or both defaults where they differ: `default 1, without the group 0`. */
export function defaultInWords({ ifLeftOut, ifGroupLeftOut }: BoundOption): string {
  if (ifLeftOut === undefined) return 'no default'
  const [own, absent] = [ifLeftOut, ifGroupLeftOut].map((value) => JSON.stringify(value))
  return own === absent ? `default ${own}` : `default ${own}, without the group ${absent}`
}
