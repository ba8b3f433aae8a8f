import type { Kernel } from '../../../model/trace/kernel.ts'
import type { TraceEvent } from '../../../model/trace/line.ts'
import type { Logged } from '../../../model/trace/slice.ts'

/** An event without what all events have. */
export type Printed = {
  readonly tid: number
  readonly name: TraceEvent['name']
  readonly fn?: string
} & Record<string, unknown>

/** Printed events as those of a log. */
export function logged(events: readonly Printed[]): Logged[] {
  return events.map((event, n) => {
    const head = { comm: 'model', cpu: 0, depth: 0, fn: '', line: n + 1, time: n + 1 }
    return { event: { ...head, ...event } as unknown as TraceEvent, text: JSON.stringify(event) }
  })
}

/** Events of 6.12 as a recording of another kernel has them: as `kernel.ts` says, and nothing else. */
export function printedBy(kernel: Kernel, events: readonly Printed[]): Printed[] {
  const holders = new Set<number>()
  return events.flatMap((event): Printed[] => {
    const printed = typeof event.role === 'number' ? { ...event, role: roleWord(kernel, event.role) } : event
    if (!kernel.unobserved.includes('wlock_acq')) return [printed]
    const { tid } = event
    if (event.name === 'wlock_acq') {
      holders.add(tid)
      const flush: Printed[] =
        event.fn === 'kvm_arch_flush_shadow_memslot' ? [{ tid, name: 'flush_memslot' }] : []
      return [...flush, { tid, name: 'wlock', lock: event.lock }]
    }
    const depth = holders.has(tid) ? 1 : 0
    if (event.name === 'wunlock') holders.delete(tid)
    return [{ ...printed, depth }]
  })
}

/** The bits of a role word behind those of access, the first of which is `invalid`; guest_mode is where it was. */
const BEHIND_ACCESS = 0x1f800

function roleWord({ role }: Kernel, word: number): number {
  const behind = word & BEHIND_ACCESS
  return (word & ~BEHIND_ACCESS) | ((behind << (role.invalid - 11)) & 0x1ffff)
}
