import { describe, expect, it } from 'vitest'
import { EncodedValues } from '../../model/language/layout.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { type Census, censusOf } from '../../model/trace/census.ts'
import { Disagreement } from '../../model/trace/errors.ts'
import { type FrameIds, frameIds } from '../../model/trace/frames.ts'
import type { TraceEvent } from '../../model/trace/line.ts'
import { readLog } from '../../model/trace/log-reader.ts'
import { Replay } from '../../model/trace/replay/replay.ts'
import type { At } from '../../model/trace/replay/scene.ts'
import { logText } from '../../model/trace/testing/logs.ts'
import { MOST_INDICES, type Room, roomFor, traceLayout } from '../../model/trace/world.ts'
import { properties } from '../../properties/index.ts'
import { missingFor, SOURCES } from '../../properties/trace/sources.ts'
import { Draws } from '../search/random/draws.ts'
import { effort } from '../testing/effort.ts'
import { RecordedReads } from '../trace/recorded-reads.ts'
import { type Judged, StateMonitor } from '../trace/state-monitor.ts'

function replayed(events: readonly TraceEvent[], change: (room: Room) => Room = (room) => room) {
  const census: Census = censusOf(events)
  const room = change(roomFor(census, frameIds(census, MOST_INDICES) as FrameIds))
  const judged = properties.filter(({ id }) => missingFor(id, census) === null) as Judged<Kvm>[]
  const monitor = new StateMonitor<Kvm>(traceLayout(census, room), judged)
  let line = 0
  const replay = new Replay(
    { world: monitor.world, at: monitor.at as unknown as At, took: (step) => monitor.took(step, line) },
    census,
    room,
  )
  for (const event of events) {
    line = event.line
    replay.push(event)
  }
  return {
    states: monitor.states,
    violated: monitor.verdicts
      .filter(({ violatedAt }) => violatedAt !== null)
      .map(({ property }) => property.id),
    judged: monitor.verdicts.map(({ property, judged: times }) => [property.id, times > 0]),
  }
}

const EVENTS = readLog(logText('s03_ptesync'))

/** The log without one of its events, or with one changed. @param nth of this kind, from 0. */
function altered(
  name: TraceEvent['name'],
  nth: number,
  change: ((event: TraceEvent) => TraceEvent) | null,
): TraceEvent[] {
  const at = EVENTS.map((event, index) => ({ event, index })).filter(({ event }) => event.name === name)[nth]
    .index
  return EVENTS.flatMap((event, index) => (index !== at ? [event] : change === null ? [] : [change(event)]))
}

const noticed = (events: readonly TraceEvent[]): boolean => {
  try {
    return replayed(events).violated.length > 0
  } catch (error) {
    if (error instanceof Disagreement) return true
    throw error
  }
}

/** What a function returns, or the message of what it throws. */
function outcome(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return (error as Error).message
  }
}

describe('the states of a log', () => {
  it('give the same verdicts whatever ids the pages get', () => {
    const usual = replayed(EVENTS)
    const permuted = replayed(EVENTS, (room) => ({
      ...room,
      pageOrder: Array.from({ length: room.pages }, (_, i) => (i * 5 + 3) % room.pages),
    }))
    expect(usual.violated).toEqual([])
    expect(permuted).toEqual(usual)
  })

  it('are evaluated as if nothing were known of the states before', () => {
    const census = censusOf(EVENTS)
    const { fields, view } = traceLayout(census, roomFor(census, frameIds(census, MOST_INDICES) as FrameIds))
    const [cells, plain] = [new RecordedReads(fields.length), new EncodedValues(fields.length)]
    const [recorded, naive] = [cells, plain].map(
      (store) => view(store) as unknown as { world: Kvm; at: Counters },
    )
    const known = properties.flatMap((property) =>
      property.kind === 'invariant' && property.id in SOURCES
        ? [{ property, evaluations: cells.evaluations() }]
        : [],
    )
    const draws = new Draws(3, 1)
    for (let step = 0; step < effort(10, 1000); step++) {
      // Random states are not those of a log, and show more: properties are violated, or stop at what does not exist.
      for (let n = 0; n < 4; n++) {
        const field = draws.below(fields.length)
        const value = draws.below(fields[field].shape.size)
        cells.write(field, value)
        plain.write(field, value)
      }
      for (const { property, evaluations } of known) {
        const judged = ({ world, at }: { world: Kvm; at: Counters }): unknown =>
          outcome(() => [property.given?.(world, at) ?? true, property.holds(world, at)])
        if (!evaluations.isValid) cells.evaluate(evaluations, () => judged(recorded))
        expect(evaluations.result, `${property.id}, step ${step}`).toEqual(judged(naive))
      }
    }
  })

  it.each([
    ['a link that is not made', 'pte_list_add', 2, null],
    ['a link that is not undone', 'pte_list_remove', 3, null],
    ['a zap that is not made', 'prep_zap', 0, null],
    ['a page that is not built', 'get_sp', 1, null],
    ['a root that is not held', 'alloc_root', 0, null],
    ['a page that goes unsync unseen', 'kvm_mmu_unsync_page', 0, null],
    ['a request to one vCPU less', 'req_vcpu', 2, null],
    ['an entry into the guest', 'kvm_entry', 5, null],
    ['a holder more', 'prep_zap', 0, (event: TraceEvent) => ({ ...event, rootc: 7 }) as TraceEvent],
    ['a table less', 'prep_zap', 0, (event: TraceEvent) => ({ ...event, indirect: 1 }) as TraceEvent],
    ['another root', 'vcpu_run', 9, (event: TraceEvent) => ({ ...event, rhpa: 0x1000 }) as TraceEvent],
    ['another generation', 'get_sp', 4, (event: TraceEvent) => ({ ...event, gen: 1 }) as TraceEvent],
  ] as const)('show %s', (_, name, nth, change) => {
    expect(noticed(altered(name, nth, change))).toBe(true)
  })

  // What earlier versions of model and properties did not know, each in the log that showed it.
  it.each(
    [
      ['a huge page is mapped above level 1', 's19_nxhuge', 'child-is-one-level-below'],
      ['CR0.WP gives a frame a second page', 's16_roles', 'one-page-per-key'],
      ['a change of CR0.WP drops all roots', 's16_roles', 'kvm-mmu-unload-leaves-no-root'],
      ['a notifier runs in a fault, and keeps the page', 's10_forkcow', 'invalidations-are-balanced'],
      // Of s14, whatever the replay does not need is left out. For the long tests.
      ['a page is zapped whose table is mapped writable', 's14_mix-zap-2145', 'writable-table-is-unsync'],
    ].slice(0, effort(4, 5)),
  )('are no violation where %s', (_, log, id) => {
    const { violated, judged } = replayed(readLog(logText(log)))
    expect(violated).toEqual([])
    expect(judged).toContainEqual([id, true])
  })
})
