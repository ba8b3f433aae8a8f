import type { History } from './history.ts'
import { type Race, Simulation } from './simulation.ts'

/**
 * The stale reads that explain the failure: those of decisive fields, else the failing thread's last one, if the trace
 * does not fail without it.
 */
export function chooseRaces(history: History, deciding: ReadonlySet<number>): Race[] {
  const { steps } = history.replayed
  const all = allRaces(history)
  const simulation = new Simulation(history.replayed)
  const onDeciding = all.filter((race) => deciding.has(race.field) && simulation.without(race) !== 'fails')
  const latest = (races: readonly Race[]): Race[] =>
    races.toSorted((a, b) => b.write - a.write || b.read - a.read || a.field - b.field).slice(0, 1)
  if (onDeciding.length > 0) {
    return [...new Set(onDeciding.map((r) => r.field))]
      .flatMap((field) => latest(onDeciding.filter((r) => r.field === field)))
      .slice(0, 2)
  }
  const failing = steps.at(-1)?.thread
  const own = latest(all.filter((race) => steps[race.read].thread === failing))
  return own.filter((race) => simulation.without(race) === 'holds')
}

function allRaces({ replayed: { steps, fault }, reads, changed }: History): Race[] {
  const races: Race[] = []
  // An oops is detected by reads of the model that the kernel does not do.
  const faulted = fault !== null
  changed.forEach((fields, write) => {
    for (const field of fields) {
      for (const thread of new Set(steps.map((s) => s.thread))) {
        if (thread === steps[write].thread) continue
        const own = steps.filter((s) => s.thread === thread).map((s) => s.index)
        const read = own.findLast((i) => i < write && reads[i].has(field))
        if (read === undefined) continue
        // Not stale if the thread reads again, has overwritten the value itself, or takes no further step.
        if (own.some((i) => i > write && reads[i].has(field) && !(faulted && i === steps.length - 1)))
          continue
        if (own.some((i) => i >= read && i < write && changed[i].has(field))) continue
        if (!own.some((i) => i > read)) continue
        races.push({ field, read, write })
      }
    }
  })
  return races
}
