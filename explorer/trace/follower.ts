import { ModelError } from '../../model/language/errors.ts'
import type { Condition, Observation } from '../../model/language/observation.ts'
import { Oops } from '../../model/language/property.ts'
import { RECORD } from '../compile/transition-record.ts'
import { BoundNames, UNBOUND } from './bound-names.ts'
import { CandidateSet } from './candidate-set.ts'
import { areTrue } from './conditions.ts'
import { History } from './history.ts'
import type { StepItem, Wanted } from './obligation.ts'
import { type FollowerStart, Recent } from './recent.ts'
import type { TracedSystem } from './traced-system.ts'
import { type Plan, Windows } from './windows.ts'

/** Default limit on candidates. */
export const FRONTIER = 20_000

/** Steps of paths that are kept by default; and how many observations back a step is old. */
const MOST_STEPS = 1 << 19
const RECENT = 64

/** Instead of a real thread, for a step that none owes; instead of an alternative, for a read. */
const HIDDEN = -1
const READ = -1

const NONE: readonly Condition[] = []

const isSome = (list: readonly unknown[] | undefined): boolean => list !== undefined && list.length > 0

export interface FollowerOptions {
  /** Most candidates; default `FRONTIER`. */
  readonly frontier?: number
  /** Steps of paths to candidates that are kept before old ones become counts; Infinity keeps all. */
  readonly mostSteps?: number
}

/** Where a follower stands. */
export type Standing = 'following' | 'rejected' | 'frontier'

/** An observation, and the index of its real thread. */
interface Queued {
  readonly observation: Observation
  readonly thread: number
}

/**
 * Follows a log: keeps the set of all candidates, that is, of states in which the model can be after the observations
 * so far, each with the items that every real thread has met in its window. Subset construction, as for a
 * nondeterministic automaton whose hidden steps are its empty moves.
 *
 * Between observations the set is closed: it contains all successors of its members by hidden steps, owed steps and
 * reads. An observation drops the members that do not agree. What those that agree can reach was in the set as well,
 * and is found again along the edges; so only the items that the thread now owes have to be tried.
 */
export class Follower {
  readonly traced: TracedSystem
  readonly windows: Windows
  standing: Standing = 'following'
  candidates: CandidateSet
  names: BoundNames
  readonly history: History
  readonly recent = new Recent()
  /** Observations agreed with. */
  observed = 0
  /** Size of the largest set before an observation, and the sum of all. */
  largest = 0
  total = 0
  readonly frontier: number
  readonly #queue: Queued[] = []
  #head = 0
  /** What the set is not closed under yet: all moves, the next item of one thread, or nothing. */
  #open: 'all' | number | null = 'all'
  readonly #records: Int32Array
  #selected = new Int32Array(256)
  /** The set that was replaced last. */
  #spare: CandidateSet | null = null

  constructor(traced: TracedSystem, plan: Plan, options: FollowerOptions = {}, start?: FollowerStart) {
    this.traced = traced
    this.frontier = options.frontier ?? FRONTIER
    this.windows = new Windows(traced, plan, start)
    this.#records = new Int32Array(traced.compiled.steps.length)
    this.history = new History(traced.alternatives.length, options.mostSteps ?? MOST_STEPS)
    this.names = start?.names.copy() ?? new BoundNames()
    const { words } = traced.system.layout
    this.candidates = new CandidateSet(words, plan.threads.length, this.names.width)
    if (start === undefined) this.#begin()
    else this.#resume(start)
    this.recent.begin(this.#here())
  }

  /** The next observation that is not agreed with yet, and its thread; undefined when none is known. */
  get next(): Queued | undefined {
    return this.#queue[this.#head]
  }

  /** Observations that were pushed and are not agreed with yet, in order. */
  get waiting(): readonly Observation[] {
    return this.#queue.slice(this.#head).map(({ observation }) => observation)
  }

  /**
   * Takes the next observation of the log, and follows it as far as the windows are known.
   * @returns whether more observations are wanted.
   * @throws ModelError for a log that names what the system does not have, and for a condition that fails.
   */
  push(observation: Observation): boolean {
    const thread = this.windows.push(observation)
    this.#queue.push({ observation, thread })
    while (this.standing === 'following' && this.windows.areKnown && this.#head < this.#queue.length) {
      const next = this.#queue[this.#head]
      this.#onLine(next.observation, () => this.#close())
      if (this.standing === 'following') this.#observe(next)
    }
    if (this.#head > 1024 && 2 * this.#head > this.#queue.length) {
      this.#queue.splice(0, this.#head)
      this.#head = 0
    }
    return this.standing === 'following'
  }

  /** Makes view and names those of a candidate. */
  show(row: number): void {
    const { candidates } = this
    this.traced.view.show(candidates.rows, row * candidates.width)
    this.names.show(candidates.rows, row * candidates.width + candidates.columnsAt)
  }

  #begin(): void {
    const { layout, initial } = this.traced.system
    const { candidates, history } = this
    for (const encoded of initial) {
      candidates.next.fill(0)
      layout.pack(encoded, candidates.next, 0)
      const row = candidates.insert(this.traced.compiled.hash.hashLow(encoded))
      if (candidates.isNew) candidates.node[row] = history.begin()
    }
  }

  #resume({ rows, low, begins }: FollowerStart): void {
    this.windows.begins.set(begins)
    const { candidates, history } = this
    const { width } = candidates
    for (let k = 0; k < low.length; k++) {
      candidates.next.set(rows.subarray(k * width, (k + 1) * width))
      const row = candidates.insert(low[k])
      if (candidates.isNew) candidates.node[row] = history.begin()
    }
  }

  /** This place in the log, for a follower that starts here. */
  #here(): FollowerStart {
    const { candidates, windows, names } = this
    const { width, live, liveCount } = candidates
    const rows = new Int32Array(liveCount * width)
    const low = new Int32Array(liveCount)
    for (let k = 0; k < liveCount; k++) {
      rows.set(candidates.rows.subarray(live[k] * width, (live[k] + 1) * width), k * width)
      low[k] = candidates.low[live[k]]
    }
    const after = windows.threads.map((thread) => thread.after)
    return { rows, low, begins: windows.begins.slice(), names: names.copy(), after }
  }

  #observe({ observation, thread }: Queued): void {
    this.recent.add(observation)
    this.largest = Math.max(this.largest, this.candidates.liveCount)
    this.total += this.candidates.liveCount
    const renames = isSome(observation.binds) || isSome(observation.unbinds)
    const agrees = this.#onLine(observation, () =>
      renames ? this.#agreeOnNames(observation, thread) : this.#agree(observation, thread),
    )
    if (!agrees) {
      this.standing = 'rejected'
      return
    }
    this.#head++
    this.observed++
    this.windows.advance(thread)
    if (this.recent.isDue) this.recent.begin(this.#here())
    if (this.history.isFull) this.#forgetPaths()
    if (this.#open === null) this.#open = thread
  }

  /** Keeps the candidates that agree with an observation, and what can be reached from them. */
  #agree({ exact = NONE }: Observation, thread: number): boolean {
    const { candidates } = this
    const end = this.windows.end(thread)
    if (this.#selected.length < candidates.liveCount) this.#selected = new Int32Array(candidates.live.length)
    const selected = this.#selected
    let met = 0
    let count = 0
    candidates.select()
    for (let k = 0; k < candidates.liveCount; k++) {
      const row = candidates.live[k]
      if (candidates.met(row, thread) !== end) continue
      met++
      if (exact.length > 0 && !this.#holds(exact, row)) continue
      candidates.add(row)
      selected[count++] = row
    }
    if (count === 0) return false
    if (count < met) count = this.#addReachable(count)
    candidates.keep(selected, count)
    candidates.compact()
    return true
  }

  /** Adds to the first `count` selected candidates those that can be reached from them. Returns the new count. */
  #addReachable(count: number): number {
    const selected = this.#selected
    const { candidates, history } = this
    const { edgeTo, edgeNext, edgeAlternative, edgeBy, firstEdge, node } = candidates
    let end = count
    for (let k = 0; k < end; k++) {
      const row = selected[k]
      for (let edge = firstEdge[row]; edge >= 0; edge = edgeNext[edge]) {
        const to = edgeTo[edge]
        if (!candidates.add(to)) continue
        selected[end++] = to
        // Its path so far may lead through states that do not agree.
        const alternative = edgeAlternative[edge]
        node[to] =
          alternative < 0 ? node[row] : history.add(node[row], alternative, this.observed + 1, edgeBy[edge])
      }
    }
    return end
  }

  /**
   * As `#agree`, for an observation that binds or unbinds names. What owed items mean may change, so all edges are
   * found anew.
   */
  #agreeOnNames({ binds = [], exact = NONE, unbinds = [] }: Observation, thread: number): boolean {
    const { candidates, names, traced } = this
    const end = this.windows.end(thread)
    const bound = new Set([...names.names, ...binds.map(({ name }) => name)])
    for (const name of unbinds) bound.delete(name)
    const all = [...bound]
    const agreeing: number[] = []
    const ids: number[][] = []
    for (let k = 0; k < candidates.liveCount; k++) {
      const row = candidates.live[k]
      if (candidates.met(row, thread) !== end) continue
      this.show(row)
      for (const { name, value } of binds) names.override(name, value(traced.view.world, traced.view.at))
      if (areTrue(exact, traced.view, names)) {
        agreeing.push(row)
        ids.push(all.map((name) => names.id(name) ?? UNBOUND))
      }
      names.settle()
    }
    if (agreeing.length === 0) return false
    const columns = names.rebind(all, ids)
    const fresh = this.#emptySet(columns.length)
    agreeing.forEach((row, k) => {
      const base = row * candidates.width
      fresh.next.set(candidates.rows.subarray(base, base + fresh.columnsAt))
      for (const [column, name] of columns.entries()) fresh.next[fresh.columnsAt + column] = ids[k][name]
      const to = fresh.insert(candidates.low[row])
      if (fresh.isNew) fresh.node[to] = candidates.node[row]
    })
    this.#spare = candidates
    this.candidates = fresh
    this.#open = 'all'
    return true
  }

  /** A set without candidates: the one before the present one, if its rows have this many columns. */
  #emptySet(columns: number): CandidateSet {
    const { candidates, windows } = this
    const spare = this.#spare
    if (spare === null || spare.width !== candidates.columnsAt + columns)
      return new CandidateSet(candidates.metAt, windows.threads.length, columns)
    spare.clear()
    return spare
  }

  /** Closes the set under hidden steps, owed steps and reads, as far as it is not closed. */
  #close(): void {
    const open = this.#open
    this.#open = null
    if (open === null) return
    if (open === 'all') {
      this.#expandFrom(0)
      return
    }
    const { candidates } = this
    const end = candidates.liveCount
    const { item, rows } = this.#meetReads(open)
    if (item === undefined) return
    for (const row of rows) if (candidates.waits[row] === 0) this.#tryItem(row, open, item)
    this.#expandFrom(end)
  }

  /**
   * Meets the reads that the window of a real thread begins with, where they hold: the window has just begun. A read
   * changes no state, and until it is met the thread owes nothing else, so to wait is never better than to meet it at
   * once. What is reached from a candidate that has met a read has met it, too.
   * @returns the item that the thread owes next, and the candidates that have met all reads before it.
   */
  #meetReads(thread: number): { readonly item: StepItem | undefined; readonly rows: Int32Array } {
    const { candidates, windows } = this
    const { edgeTo, edgeNext, firstEdge } = candidates
    let rows = candidates.live.slice(0, candidates.liveCount)
    let met = windows.begins[thread]
    let item = windows.next(thread, met)
    for (; item?.kind === 'read' && rows.length > 0; item = windows.next(thread, ++met & 0xff)) {
      const meeting = new Int32Array(rows.length)
      let count = 0
      candidates.select()
      for (let k = 0; k < rows.length; k++)
        if (this.#holds(item.conditions, rows[k]) && candidates.add(rows[k])) meeting[count++] = rows[k]
      for (let k = 0; k < count; k++)
        for (let edge = firstEdge[meeting[k]]; edge >= 0; edge = edgeNext[edge])
          if (candidates.add(edgeTo[edge])) meeting[count++] = edgeTo[edge]
      rows = meeting.subarray(0, count)
      candidates.meetIn(rows, thread)
    }
    if (met !== windows.begins[thread]) candidates.rehash()
    return { item: item?.kind === 'step' ? item : undefined, rows }
  }

  /** Finds all successors of the live candidates from number `from` on, and of these. */
  #expandFrom(from: number): void {
    const { candidates, windows } = this
    const owing = [...windows.threads.keys()].filter((t) => windows.threads[t].items.length > 0)
    for (let k = from; k < candidates.liveCount; k++) {
      if (candidates.liveCount > this.frontier) {
        this.standing = 'frontier'
        return
      }
      const row = candidates.live[k]
      if (this.#meetsRead(row, owing)) continue
      this.#takeHidden(row)
      for (const thread of owing) {
        const item = windows.next(thread, candidates.met(row, thread))
        if (item?.kind === 'step') this.#tryItem(row, thread, item)
      }
    }
  }

  /**
   * Meets a read that a candidate can meet now: the candidate that has met it stands for this one. Its edge is needed to
   * be found again.
   */
  #meetsRead(row: number, owing: readonly number[]): boolean {
    const { candidates, windows } = this
    for (const thread of owing) {
      const item = windows.next(thread, candidates.met(row, thread))
      if (item?.kind !== 'read' || !this.#holds(item.conditions, row)) continue
      candidates.waits[row] = 1
      candidates.copyToNext(row)
      candidates.meetInNext(thread)
      const to = candidates.insert(candidates.low[row])
      if (candidates.isNew) candidates.node[to] = candidates.node[row]
      candidates.addEdge(row, to, READ, thread)
      return true
    }
    return false
  }

  #takeHidden(row: number): void {
    const { traced, candidates } = this
    const base = row * candidates.width
    for (let t = 0; t < traced.system.threads.length; t++) {
      const count = traced.lists.enabledTransitions(t, candidates.rows, base, this.#records, 0)
      for (let k = 0; k < count; k++) {
        const record = this.#records[k]
        const alternative = traced.alternativeOf(record, candidates.rows, base)
        if (traced.observable[alternative] === 0) this.#take(row, record, alternative, HIDDEN, NONE)
      }
    }
  }

  /** Finds the successors of a candidate by one of the steps that a real thread owes next. */
  #tryItem(row: number, thread: number, { oneOf }: StepItem): void {
    for (const wanted of oneOf) this.#tryStep(row, thread, wanted)
  }

  #tryStep(row: number, thread: number, { steps, case: only, before, after, thread: taker }: Wanted): void {
    const { traced, candidates } = this
    const base = row * candidates.width
    const count = traced.lists.enabledTransitions(taker, candidates.rows, base, this.#records, 0)
    for (let k = 0; k < count; k++) {
      const record = this.#records[k]
      if (steps[traced.compiled.records[record + RECORD.step]] === 0) continue
      const alternative = traced.alternativeOf(record, candidates.rows, base)
      if (only >= 0 && traced.alternatives[alternative].case !== only) continue
      if (before.length > 0 && !this.#holds(before, row)) continue
      this.#take(row, record, alternative, thread, after)
    }
  }

  /**
   * Adds the successor of a candidate by a transition, if conditions hold in it.
   * @param by the real thread whose item is met, or HIDDEN.
   */
  #take(row: number, record: number, alternative: number, by: number, after: readonly Condition[]): void {
    const { traced, candidates, history, names } = this
    const { records } = traced.compiled
    // A model that ends in an oops there has no successor.
    if (records[record + RECORD.fault] !== 0) return
    candidates.copyToNext(row)
    const { next } = candidates
    let change = record + RECORD.first
    for (let n = records[record + RECORD.changes]; n > 0; n--, change += 2)
      next[records[change]] ^= records[change + 1]
    if (by !== HIDDEN) candidates.meetInNext(by)
    if (after.length > 0) {
      traced.view.show(next, 0)
      names.show(next, candidates.columnsAt)
      if (!areTrue(after, traced.view, names)) return
    }
    const to = candidates.insert(candidates.low[row] ^ records[record + RECORD.hashLow])
    if (to === row) return
    if (candidates.isNew)
      candidates.node[to] = history.add(candidates.node[row], alternative, this.observed, by)
    candidates.addEdge(row, to, alternative, by)
  }

  #holds(conditions: readonly Condition[], row: number): boolean {
    this.show(row)
    return areTrue(conditions, this.traced.view, this.names)
  }

  #forgetPaths(): void {
    const { candidates, history } = this
    const nodes = Int32Array.from(
      { length: candidates.liveCount },
      (_, k) => candidates.node[candidates.live[k]],
    )
    history.compact(nodes, nodes.length, this.observed - RECENT)
    for (let k = 0; k < nodes.length; k++) candidates.node[candidates.live[k]] = nodes[k]
  }

  /** Adds to an error of model code for which line of the log it ran. */
  #onLine<T>({ line }: Observation, run: () => T): T {
    try {
      return run()
    } catch (error) {
      if (error instanceof ModelError || error instanceof Oops)
        throw new ModelError(`line ${line} of the log: ${error.message}`)
      throw error
    }
  }
}
