import { describe, expect, it } from 'vitest'
import { designs } from '../../model/designs/index.ts'
import { kernels } from '../../model/kernels/kernels.ts'
import { EncodedValues } from '../../model/language/layout.ts'
import type { System } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { TRACED_KERNELS } from '../../model/trace/kernel.ts'
import type { TraceEvent } from '../../model/trace/line.ts'
import { rootsTable } from '../../model/trace/roots.ts'
import type { RootsCensus } from '../../model/trace/roots-census.ts'
import { RootsNotes } from '../../model/trace/roots-notes.ts'
import { rootsSystem } from '../../model/trace/roots-system.ts'
import { LogRules } from '../../model/trace/rules.ts'
import {
  type FittedSlice,
  type Logged,
  observableIn,
  observedLog,
  watchWith,
} from '../../model/trace/slice.ts'
import { CompiledSystem } from '../compile/compiled-system.ts'
import { Successors } from '../search/successors.ts'
import { follow } from '../trace/index.ts'
import { type ListedLog, naivelyAgreed } from '../trace/testing/naive-follower.ts'
import { eventsOf, INVALIDATION, PGDS } from './testing/print-roots.ts'

const two: RootsCensus = {
  pgds: PGDS,
  vcpuOf: new Map([
    [500, 0],
    [501, 1],
  ]),
  cr3: [0, 0],
  pages: 4,
  wpToggles: false,
  direct: false,
  nested: false,
}
const one: RootsCensus = { ...two, vcpuOf: new Map([[500, 0]]), cr3: [0], pages: 3 }
const model = kernels.find(({ id }) => id === '6.12') as (typeof kernels)[number]
const kernel = TRACED_KERNELS.find(({ version }) => version === '6.12') as (typeof TRACED_KERNELS)[number]

/** The last one changes an order that no single event shows, but some behaviours do. */
const WRONG = [
  'prev-roots-tested-by-current',
  'reload-all-roots-marked-first',
  'obsolete-test-ignores-invalid',
  'commit-without-flush',
  'request-before-invalid',
]

/** Prints the steps of a system. */
class Printer {
  readonly compiled: CompiledSystem
  readonly #successors: Successors
  readonly #system: System<Kvm>
  readonly #before: EncodedValues
  readonly #after: EncodedValues
  readonly #worlds: { readonly before: Kvm; readonly after: Kvm }

  constructor(system: System<Kvm>) {
    this.#system = system
    this.compiled = new CompiledSystem(system as System)
    this.#successors = new Successors(this.compiled)
    const { length } = system.layout.fields
    this.#before = new EncodedValues(length)
    this.#after = new EncodedValues(length)
    this.#worlds = {
      before: system.view(this.#before).world as unknown as Kvm,
      after: system.view(this.#after).world as unknown as Kvm,
    }
  }

  get initial(): Int32Array {
    const { layout, initial } = this.#system
    const words = new Int32Array(layout.words)
    layout.pack(initial[0], words, 0)
    return words
  }

  /** The states that a step leads to, each with what the step prints. */
  next(words: Int32Array): { words: Int32Array; events: ReturnType<typeof eventsOf> }[] {
    const count = this.#successors.find(words, 0)
    const found = []
    for (let k = 0; k < count; k++) {
      if (this.#successors.faults(k)) continue
      const step = this.compiled.steps[this.#successors.steps[k]]
      // The kernel sends a request to one vCPU after the other, by index; the model in any order.
      const before = k === 0 ? undefined : this.compiled.steps[this.#successors.steps[k - 1]]
      if (step.path.includes('/REQ.1[') && before?.thread === step.thread) continue
      const to = words.slice()
      this.#successors.apply(k, to, 0)
      const { layout, threads } = this.#system
      layout.unpack(words, 0, this.#before.values)
      layout.unpack(to, 0, this.#after.values)
      const taken = step.cases.findIndex(
        ({ guard }) => guard === undefined || guard(this.#worlds.before, step.self),
      )
      const { kind } = threads[step.thread].program
      const events = eventsOf({ kind, self: step.self, path: step.path, case: taken, ...this.#worlds })
      found.push({ words: to, events })
    }
    return found
  }
}

/** What a random behaviour prints. */
function printed(printer: Printer, length: number, seed: number): Logged[] {
  let random = seed
  const draw = (below: number): number => {
    random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff
    return Math.floor((random / 0x80000000) * below)
  }
  let words = printer.initial
  const logged: Logged[] = []
  const add = (event: ReturnType<typeof eventsOf>[number]): void => {
    const line = logged.length + 1
    const head = { comm: 'model', cpu: 0, depth: 0, fn: '', line, time: line }
    logged.push({ event: { ...head, ...event } as unknown as TraceEvent, text: JSON.stringify(event) })
  }
  add(INVALIDATION)
  for (let n = 0; n < length; n++) {
    const next = printer.next(words)
    if (next.length === 0) break
    const chosen = next[draw(next.length)]
    words = chosen.words
    for (const event of chosen.events) add(event)
  }
  return logged
}

/** The slice with the bounds of a census, whatever is in a log. */
const fitted = (census: RootsCensus): FittedSlice => {
  const system = rootsSystem(census, model)
  return {
    about: 'two root tables',
    observable: observableIn(rootsTable, system),
    harness: [],
    system: () => system,
    watch: () =>
      watchWith(
        rootsTable,
        { notes: new RootsNotes(kernel, census), census, kernel },
        new LogRules(kernel, census.cr3.length),
      ),
  }
}

describe('a random behaviour of the roots, printed as events', () => {
  it('is followed', async () => {
    const slice = fitted(two)
    const printer = new Printer(slice.system())
    for (let seed = 1; seed <= 6; seed++) {
      const events = printed(printer, 1000, seed)
      expect(events.length).toBeGreaterThan(300)
      const { verdict } = await follow(observedLog(slice, () => events))
      expect(
        verdict,
        `seed ${seed}: ${verdict.kind === 'rejected' ? verdict.rejection.observation.text : ''}`,
      ).toEqual({ kind: 'followed' })
    }
  })

  it('of a wrong design is followed exactly if it is one of the kernel, too', async () => {
    const slice = fitted(one)
    const counts = { followed: 0, rejected: 0 }
    for (const id of WRONG) {
      const design = designs.find((d) => d.id === id)
      const printer = new Printer(rootsSystem(one, model, design))
      for (let seed = 1; seed <= 6; seed++) {
        const events = printed(printer, 260, seed)
        const watch = slice.watch()
        const made = events.flatMap(({ event, text }) => [...watch.push(event, text)])
        const observations = [...made, ...watch.end()]
        const log = { system: slice.system(), observable: slice.observable, observations }
        const agreed = naivelyAgreed(log as unknown as ListedLog, 30_000)
        if (agreed === null) continue
        const expected = agreed === observations.length
        const { verdict } = await follow(observedLog(slice, () => events))
        expect(verdict.kind, `${id}, seed ${seed}`).toBe(expected ? 'followed' : 'rejected')
        counts[verdict.kind === 'followed' ? 'followed' : 'rejected']++
      }
    }
    expect(counts.followed).toBeGreaterThanOrEqual(8)
    expect(counts.rejected).toBeGreaterThanOrEqual(15)
  })
})
