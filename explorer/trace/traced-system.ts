import { ModelError } from '../../model/language/errors.ts'
import type { HarnessStep, StepOfKind, StepPath } from '../../model/language/observation.ts'
import { quoted } from '../../model/language/quoted.ts'
import type { System } from '../../model/language/system.ts'
import { CompiledSystem } from '../compile/compiled-system.ts'
import { SuccessorLists } from '../compile/successor-lists.ts'
import { RECORD } from '../compile/transition-record.ts'
import { enlarged } from '../state/array-bounds.ts'
import { PackedView } from './packed-view.ts'

/** A case of a step of one thread: what a log can distinguish. Numbered from 0. */
export interface Alternative {
  /** Index of the model thread, and of the step in `CompiledSystem.steps`. */
  readonly thread: number
  readonly step: number
  readonly case: number
}

/** A compiled system with the steps that a log tells of. Shared by all followers of the same log. */
export class TracedSystem {
  readonly system: System
  readonly compiled: CompiledSystem
  readonly lists: SuccessorLists
  readonly view: PackedView
  readonly alternatives: readonly Alternative[]
  /** 1 for an alternative that is taken only where a window owes it. */
  readonly observable: Uint8Array
  /** For each alternative, index of its harness step, or -1. */
  readonly harness: Int32Array
  /** First alternative of each step. */
  readonly #first: Int32Array
  /** One more than the alternative of each transition record; 0 where it is not known yet. */
  #known: Int32Array
  readonly #selected = new Map<string, Map<StepPath, Uint8Array>>()

  /** @throws ModelError for an observable or harness step that does not exist in this system or its unpatched form. */
  constructor(system: System, observable: readonly StepOfKind[], harness: readonly HarnessStep[] = []) {
    this.system = system
    this.compiled = new CompiledSystem(system)
    this.lists = new SuccessorLists(this.compiled)
    this.view = new PackedView(system)
    const { steps } = this.compiled
    this.#first = new Int32Array(steps.length)
    const alternatives: Alternative[] = []
    for (const { index, thread, cases } of steps) {
      this.#first[index] = alternatives.length
      for (const c of cases.keys()) alternatives.push({ thread, step: index, case: c })
    }
    this.alternatives = alternatives
    this.#known = new Int32Array(this.compiled.records.length)
    this.observable = new Uint8Array(alternatives.length)
    for (const each of observable) for (const a of this.#ofKind(each)) this.observable[a] = 1
    this.harness = new Int32Array(alternatives.length).fill(-1)
    for (const [n, each] of harness.entries()) for (const a of this.#ofKind(each)) this.harness[a] = n
  }

  /** The alternative that a transition record takes in the packed state at `base`, for which it was found. */
  alternativeOf(record: number, words: Int32Array, base: number): number {
    if (record >= this.#known.length)
      this.#known = enlarged(this.#known, new Int32Array(this.compiled.records.length))
    const known = this.#known[record]
    if (known > 0) return known - 1
    const step = this.compiled.steps[this.compiled.records[record + RECORD.step]]
    this.view.show(words, base)
    // A record is found by what the guards have read, so in all its states they choose the same case.
    const taken = step.cases.findIndex(
      ({ guard }) => guard === undefined || guard(this.view.world, step.self),
    )
    const alternative = this.#first[step.index] + taken
    this.#known[record] = alternative + 1
    return alternative
  }

  /**
   * The steps of a model thread that a log names: 1 by index of the step. All 0 if a patch has dropped them.
   * @throws ModelError when there is no such thread, or never was such a step.
   */
  select(thread: string, path: StepPath): Uint8Array {
    let ofThread = this.#selected.get(thread)
    if (ofThread === undefined) {
      ofThread = new Map()
      this.#selected.set(thread, ofThread)
    }
    let selected = ofThread.get(path)
    if (selected === undefined) {
      selected = this.#select(thread, path)
      ofThread.set(path, selected)
    }
    return selected
  }

  #select(name: string, path: StepPath): Uint8Array {
    const { threads } = this.system
    const thread = threads.findIndex((t) => t.name === name)
    if (thread < 0)
      throw new ModelError(
        `the log names thread ${quoted(name)}; there are ${threads.map((t) => t.name).join(', ')}`,
      )
    this.#check(threads[thread].program.kind, path)
    const isMeant = matcher(path)
    const selected = new Uint8Array(this.compiled.steps.length)
    for (const step of this.compiled.steps)
      if (step.thread === thread && isMeant(step.path)) selected[step.index] = 1
    return selected
  }

  #ofKind({ kind, step: path, case: only }: StepOfKind): number[] {
    this.#check(kind, path)
    const isMeant = matcher(path)
    return [...this.alternatives.keys()].filter((a) => {
      const { thread, step, case: c } = this.alternatives[a]
      return (
        this.system.threads[thread].program.kind === kind &&
        isMeant(this.compiled.steps[step].path) &&
        (only === undefined || only === c)
      )
    })
  }

  #check(kind: string, path: StepPath): void {
    const text = typeof path === 'string' ? path : `any for which ${path.toString()}`
    if (!this.system.knows({ kind, text, isMeant: matcher(path) }))
      throw new ModelError(`the log names step ${quoted(text)} of ${kind}, which does not exist`)
  }
}

const matcher = (path: StepPath): ((text: string) => boolean) =>
  typeof path === 'string' ? (text) => text === path : path
