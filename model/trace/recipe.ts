import { type Kernel, offsetIn } from './kernel.ts'
import { type Fields, PROBES, type Probe } from './probes.ts'

/** Most calls at a time for which a return probe waits. */
const MOST_RETURNS = 10
const GROUP = 'kx'

/**
 * The lines for kprobe_events that a log of this kernel is recorded with. Where a table has no offsets, the member
 * stands in their place: `+{vcpu.mmu}(%di)`.
 */
export function probeLines(kernel: Kernel): string[] {
  return Object.entries<Probe>(PROBES).flatMap(([name, probe]) =>
    isRecorded(kernel, name) ? [lineOf(kernel, name, probe)] : [],
  )
}

/** A probe that never fires is recorded all the same where it can be set: a later build may not inline the function. */
const isRecorded = ({ version, unobserved }: Kernel, name: string): boolean =>
  name === 'inv_begin' ||
  (name === 'mark_parents_unsync' ? version === '7.2' : !(unobserved as readonly string[]).includes(name))

function lineOf(kernel: Kernel, name: string, { at, fn, fields }: Probe): string {
  const type = at === 'r' ? `r${MOST_RETURNS}` : 'p'
  const hasValue = !(kernel.noReturnValue as readonly string[]).includes(name)
  const args = hasValue ? (registersOf(kernel, name) ?? argsOf(kernel, fields)) : []
  return [`${type}:${GROUP}/${name}`, kernel.functions[fn] ?? fn, ...args].join(' ')
}

function argsOf(kernel: Kernel, fields: Fields): string[] {
  return Object.entries(fields).map(
    ([field, { fetch, printed }]) =>
      `${printed ?? field}=${kernel.offsets === null ? fetch : withOffsets(kernel, fetch)}`,
  )
}

/** 7.2: the compiler has dropped an argument of pte_list_add(), and its registers are printed by their places. */
function registersOf({ functions }: Kernel, name: string): string[] | null {
  if (name === 'pte_list_add' && functions.pte_list_add !== undefined)
    return ['a=%di:x64', 'b=%si:x64', 'c=%dx:x64', 'd=%cx:x64']
  return null
}

const MEMBER = /\{([\w.]+)(?:\+(\d+))?\}/g

function withOffsets(kernel: Kernel, fetch: string): string {
  return fetch.replace(MEMBER, (_, member: string, more = '0') =>
    String(offsetIn(kernel, member) + Number(more)),
  )
}
