import type { Node } from '../model/language/fields.ts'
import { printableJson } from '../model/language/quoted.ts'
import type { Replayed } from './replay.ts'

/** A value of the Informal Trace Format (Apalache ADR 015). */
export type ItfValue =
  | boolean
  | string
  | { readonly '#bigint': string }
  | { readonly '#set': readonly ItfValue[] }
  | { readonly '#tup': readonly ItfValue[] }
  | { readonly tag: string; readonly value: ItfValue }
  | readonly ItfValue[]
  | { readonly [member: string]: ItfValue }

/**
 * The trace in Apalache's Informal Trace Format. Variables are the members of the world, and `at` holds the program
 * counters by kind of thread. Numbers are `#bigint`, a missing id is the variant `None`.
 */
export function itfText(replayed: Replayed): string {
  const { system, states, steps, counterexample, scenario, design, property } = replayed
  const { root } = system.layout
  const members = root.kind === 'struct' ? root.members : new Map<string, Node>()
  const world = members.get('world')
  const at = members.get('at')
  const variables = new Map(world?.kind === 'struct' ? world.members : [])
  if (at !== undefined) variables.set('at', at)
  const document = {
    '#meta': {
      format: 'ITF',
      'format-description': 'https://apalache-mc.org/docs/adr/015adr-trace.html',
      source: `mmucheck ${replayed.checker.version}`,
      description: `${counterexample.id}: ${property.id} in ${scenario.id} with ${design.id}${counterexample.kernel === undefined ? '' : ` on Linux ${counterexample.kernel}`}`,
      status: property.kind === 'witness' ? 'reached' : 'violation',
    },
    vars: [...variables.keys()],
    states: states.map((state, index) => {
      const step = index === 0 ? undefined : steps[index - 1]
      const meta =
        step === undefined ? { index } : { index, action: `${step.thread.name} ${step.located.path}` }
      return {
        '#meta': meta,
        ...Object.fromEntries([...variables].map(([name, node]) => [name, itfValue(node, state)])),
      }
    }),
    ...(counterexample.loopStart === null ? {} : { loop: counterexample.loopStart }),
  }
  return `${printableJson(document)}\n`
}

function itfValue(node: Node, state: ArrayLike<number>): ItfValue {
  switch (node.kind) {
    case 'scalar': {
      const { shape, index } = node.field
      const value = shape.decode(state[index])
      return shape.idOf?.optional === true
        ? value === null
          ? { tag: 'None', value: { '#tup': [] } }
          : { tag: 'Some', value: plain(value) }
        : plain(value)
    }
    case 'array':
      return node.elements.map((element) => itfValue(element, state))
    case 'set':
      return { '#set': node.names.filter((_, i) => state[node.flags[i].index] === 1).map(plain) }
    case 'struct':
      return Object.fromEntries([...node.members].map(([name, member]) => [name, itfValue(member, state)]))
  }
}

function plain(value: unknown): ItfValue {
  if (typeof value === 'number') return { '#bigint': String(value) }
  return typeof value === 'boolean' ? value : String(value)
}
