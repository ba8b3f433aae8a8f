import { ModelError } from '../../model/language/errors.ts'
import type { ActionProperty, Oops } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { enlarged } from '../state/array-bounds.ts'
import { SIZES } from '../state/sizes.ts'
import { Tabulation } from '../state/tabulation.ts'
import { DecisionTrees, NondeterministicRead } from './decision-trees.ts'
import { DIFFERS } from './model-code-errors.ts'
import { withoutNondeterminism } from './nondeterminism.ts'
import type { Recorder } from './recorder.ts'
import { type Recheck, Samples } from './samples.ts'
import { type StepOutcome, StepRunner } from './step-runner.ts'
import { type CompiledStep, stepTable } from './step-table.ts'
import { DISABLED, RECORD } from './transition-record.ts'

/** A transition just recorded, for observers such as the differential test. */
export interface Recording {
  readonly step: CompiledStep
  /** The state before; only valid during the call. */
  readonly before: Uint16Array
  /** The state after, program counter included; null when the step is not enabled or faults. */
  readonly after: Uint16Array | null
  /** The oops that the step threw, or null. */
  readonly fault: Oops | null
  readonly reads: readonly number[]
  /** The fields that the record depends on: those read, and those that `widen` added. */
  readonly depends: readonly number[]
  readonly writes: readonly number[]
  /** Bit per action property: which it violates, and whose antecedent is true. */
  readonly violated: number
  readonly antecedent: number
}

/** Fields that the recorded transitions of a step read and wrote, over all of them. */
export interface Footprint {
  readonly reads: Set<number>
  readonly writes: Set<number>
}

/** Options of a compilation: observers, and action properties to evaluate with the steps. */
export interface CompileOptions {
  readonly actions?: readonly ActionProperty<never>[]
  readonly seed?: number
  readonly onRecord?: (recording: Recording) => void
  /** Which recordings `recheck` repeats; absent when it is not called. */
  readonly recheck?: Recheck
  /**
   * Called before a transition is recorded: returns the fields that the record depends on, those read first. The
   * result must be a function of the values of these fields, as the model code itself is.
   */
  readonly widen?: (step: CompiledStep, run: StepOutcome, recorder: Recorder) => readonly number[]
}

/** How often `recheck` runs each step, at least. */
const RUN_AGAIN = { all: 4, sample: 1 } as const

/**
 * A system as the search runs it: steps by thread and program counter, and for each step a decision tree that
 * leads to its transition records. A transition is computed once for the values it reads and replayed from then
 * on.
 */
export class CompiledSystem {
  readonly system: System
  readonly steps: readonly CompiledStep[]
  readonly trees = new DecisionTrees()
  readonly hash: Tabulation
  /** Tree of each step. */
  readonly roots: Int32Array
  /** Transition records, see RECORD. Replaced when it grows: read it again after `record`. */
  records = new Int32Array(SIZES.array)
  readonly faults: Oops[] = []
  readonly footprints: readonly Footprint[]
  /** How many transitions of each step are recorded. */
  readonly recorded: Int32Array
  /** The step of the latest recording, successful or not. */
  lastRecorded = -1
  /** First step of each (thread, program counter), see `dispatch`. */
  readonly firstStep: Int32Array
  /** Index into `firstStep` of thread t's first program counter. */
  readonly dispatch: Int32Array
  #used: number
  readonly #runner: StepRunner
  readonly #widen: CompileOptions['widen']
  readonly #onRecord: CompileOptions['onRecord']
  readonly #samples: Samples | null

  constructor(system: System, options: CompileOptions = {}) {
    this.system = system
    this.steps = stepTable(system)
    this.#used = this.#firstRecord
    this.hash = new Tabulation(system.layout.fields, options.seed ?? 1)
    if (this.steps.length > 0xffff) throw new ModelError(`${system.name} has more than 65535 steps`)
    this.roots = new Int32Array(this.steps.length)
    this.recorded = new Int32Array(this.steps.length)
    this.footprints = this.steps.map(() => ({ reads: new Set<number>(), writes: new Set<number>() }))
    const actions = options.actions ?? []
    if (actions.length > 31) throw new ModelError('at most 31 action properties can be checked at once')
    this.#runner = new StepRunner(system, actions)
    this.#onRecord = options.onRecord
    this.#widen = options.widen
    const { recheck } = options
    this.#samples =
      recheck === undefined ? null : new Samples(this.steps.length, system.layout.words, recheck, RUN_AGAIN)

    this.dispatch = new Int32Array(system.threads.length)
    const first: number[] = []
    let s = 0
    system.threads.forEach((thread, t) => {
      this.dispatch[t] = first.length
      thread.flow.counters.forEach((_, counter) => {
        first.push(s)
        while (s < this.steps.length && this.steps[s].thread === t && this.steps[s].counter === counter) s++
      })
      first.push(s)
    })
    this.firstStep = Int32Array.from(first)
  }

  /**
   * Runs a step's model code on a packed state and adds the transition record to its tree. Returns its leaf there: the
   * negated offset of the record, or DISABLED.
   * @throws ModelError naming the step when the model code fails.
   */
  record(step: CompiledStep, words: Int32Array, base: number): number {
    const { recorder } = this.#runner
    this.lastRecorded = step.index
    this.system.layout.unpack(words, base, recorder.base)
    const run = this.#runTwice(step)
    const depends = this.#widen === undefined ? recorder.reads : this.#widen(step, run, recorder)
    const record = this.#recordOf(step, run)
    const { fields } = this.system.layout
    const { roots } = this
    try {
      roots[step.index] = this.trees.insert(roots[step.index], depends, fields, recorder.base, record)
    } catch (error) {
      if (error instanceof NondeterministicRead) throw this.#runner.wrong(step, error)
      throw error
    }
    this.recorded[step.index]++
    this.#samples?.add(step.index, record, words, base)
    const footprint = this.footprints[step.index]
    for (const f of recorder.reads) footprint.reads.add(f)
    for (const f of recorder.writes) footprint.writes.add(f)
    if (this.#onRecord !== undefined) {
      const faulted = record === -DISABLED ? 0 : this.records[record + RECORD.fault]
      const fault = faulted === 0 ? null : this.faults[faulted - 1]
      const after = record === -DISABLED || fault !== null ? null : recorder.now
      const { base, reads, writes } = recorder
      const { violated, antecedent } = run.kind === 'moved' ? run : { violated: 0, antecedent: 0 }
      this.#onRecord({ step, before: base, after, fault, reads, depends, writes, violated, antecedent })
    }
    return -record
  }

  /** The state of the latest recording, successful or not. */
  get lastState(): Uint16Array {
    return this.#runner.recorder.base
  }

  /**
   * Repeats recordings, in a different order than the search did.
   * @throws ModelError for a step whose outcome or reads differ now.
   */
  recheck(seed: number): void {
    this.#samples?.visit(seed, this.#recordAgain)
  }

  readonly #recordAgain = (index: number, record: number, words: Int32Array, base: number): void => {
    const { recorder } = this.#runner
    const { layout } = this.system
    const step = this.steps[index]
    layout.unpack(words, base, recorder.base)
    this.lastRecorded = index
    const run = this.#runner.run(step, true)
    if (!this.#isRecorded(step, run, record)) throw this.#runner.wrong(step, DIFFERS.result)
    const { ownReads } = this.#runner
    const widened = this.#widen !== undefined
    if (!this.trees.leadsTo(record, this.roots[index], recorder, layout.fields, ownReads, widened))
      throw this.#runner.wrong(step, DIFFERS.reads)
  }

  /** Whether the latest run had the outcome in the given record. */
  #isRecorded(step: CompiledStep, run: StepOutcome, record: number): boolean {
    const { records } = this
    if (run.kind === 'disabled') return record === -DISABLED
    if (record === -DISABLED) return false
    const fault = records[record + RECORD.fault]
    if (run.kind === 'fault') return fault > 0 && isSameFault(run.fault, this.faults[fault - 1])
    if (fault > 0 || records[record + RECORD.violated] !== run.violated) return false
    if (records[record + RECORD.antecedent] !== run.antecedent) return false
    const { changes } = this.#changes(step)
    return changes.every((mask, w) => records[record - changes.length + w] === mask)
  }

  /** Most steps that can be enabled in one state; at least 1. */
  get mostEnabled(): number {
    const { system, dispatch, firstStep } = this
    return system.threads.reduce((sum, { flow }, t) => {
      let most = 0
      for (let c = 0; c < flow.counters.length; c++)
        most = Math.max(most, firstStep[dispatch[t] + c + 1] - firstStep[dispatch[t] + c])
      return sum + most
    }, 1)
  }

  /** How often each step was taken, in order of step numbers. */
  fired(): Float64Array {
    const counts = new Float64Array(this.steps.length)
    this.eachRecord((record) => {
      counts[this.records[record + RECORD.step]] += this.records[record + RECORD.fired] >>> 0
    })
    return counts
  }

  /** Visits all transition records. */
  eachRecord(visit: (record: number) => void): void {
    const { words } = this.system.layout
    for (let record = this.#firstRecord; record < this.#used; ) {
      visit(record)
      record += RECORD.first + 2 * this.records[record + RECORD.changes] + words
    }
  }

  /** Offset of the first record: larger than -DISABLED, with room for the words in front of it. */
  get #firstRecord(): number {
    return 2 + this.system.layout.words
  }

  /** Runs a step twice: code that depends on variables outside the state is likely to differ the second time. */
  #runTwice(step: CompiledStep): StepOutcome {
    const { recorder } = this.#runner
    const first = withoutNondeterminism(() => this.#runner.run(step))
    const now = recorder.now.slice()
    const reads = [...recorder.reads]
    const writes = [...recorder.writes]
    const run = this.#runner.run(step)
    if (!isSameOutcome(first, run) || !isSame(now, recorder.now))
      throw this.#runner.wrong(step, DIFFERS.result)
    if (!isSame(reads, recorder.reads) || !isSame(writes, recorder.writes))
      throw this.#runner.wrong(step, DIFFERS.reads)
    return run
  }

  #recordOf(step: CompiledStep, run: StepOutcome): number {
    if (run.kind === 'disabled') return -DISABLED
    if (run.kind === 'moved') return this.#addRecord(step, run.violated, run.antecedent, 0)
    this.faults.push(run.fault)
    return this.#addRecord(step, 0, 0, this.faults.length)
  }

  /** What the step just run changes, as exclusive or: the words of the state and its hash lanes. */
  #changes(step: CompiledStep): { changes: Int32Array; low: number; high: number } {
    const { recorder } = this.#runner
    const { layout, threads } = this.system
    const changes = new Int32Array(layout.words)
    let low = 0
    let high = 0
    for (const f of [...recorder.writes, threads[step.thread].counter.index]) {
      const { word, shift } = layout.fields[f]
      const from = recorder.base[f]
      const to = recorder.now[f]
      if (from === to) continue
      low ^= this.hash.deltaLow(f, from, to)
      high ^= this.hash.deltaHigh(f, from, to)
      changes[word] ^= (from ^ to) << shift
    }
    return { changes, low, high }
  }

  #addRecord(step: CompiledStep, violated: number, antecedent: number, fault: number): number {
    const { changes, low, high } = this.#changes(step)
    const masks = [...changes.entries()].filter(([, mask]) => mask !== 0)
    const { words } = this.system.layout
    const size = RECORD.first + 2 * masks.length + words
    while (this.#used + size > this.records.length) {
      this.records = enlarged(this.records, new Int32Array(this.records.length * 2))
    }
    const record = this.#used
    this.#used += size
    this.records.set([low, high, violated, antecedent, fault, 0, step.index, masks.length, 0], record)
    let at = record + RECORD.first
    for (const [word, mask] of masks) {
      this.records[at++] = word
      this.records[at++] = mask
      this.records[record - words + word] = mask
    }
    return record
  }
}

function isSameOutcome(one: StepOutcome, other: StepOutcome): boolean {
  if (one.kind === 'moved' && other.kind === 'moved')
    return one.violated === other.violated && one.antecedent === other.antecedent
  if (one.kind === 'fault' && other.kind === 'fault') return isSameFault(one.fault, other.fault)
  return one.kind === other.kind
}

const isSameFault = (one: Oops, other: Oops): boolean =>
  one.property === other.property && one.message === other.message

function isSame(one: ArrayLike<number>, other: ArrayLike<number>): boolean {
  if (one.length !== other.length) return false
  for (let n = 0; n < one.length; n++) if (one[n] !== other[n]) return false
  return true
}
