import type { StepView } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { CallRules } from '../../model/trace/call-rules.ts'
import { type Census, CensusTaker } from '../../model/trace/census.ts'
import { Disagreement, LogError } from '../../model/trace/errors.ts'
import { type FrameIds, frameIds } from '../../model/trace/frames.ts'
import { type Kernel, TRACED_KERNELS } from '../../model/trace/kernel.ts'
import type { TraceEvent } from '../../model/trace/line.ts'
import { LockEvents } from '../../model/trace/lock-events.ts'
import { LogReader } from '../../model/trace/log-reader.ts'
import { recipeLines } from '../../model/trace/recipe.ts'
import { Replay } from '../../model/trace/replay/replay.ts'
import type { At } from '../../model/trace/replay/scene.ts'
import { LogRules } from '../../model/trace/rules.ts'
import { slices } from '../../model/trace/slices.ts'
import { tampering } from '../../model/trace/tampering.ts'
import { MOST_INDICES, MOST_PAGES, roomFor, traceLayout } from '../../model/trace/world.ts'
import { properties } from '../../properties/index.ts'
import { missingFor, SOURCES } from '../../properties/trace/sources.ts'
import type { Judged } from '../trace/state-monitor.ts'
import type { CountedLog, SliceOfLog, StateReplay, TracedModel } from './trace/traced-model.ts'

/** Logs of KVM: ftrace text, replayed on `struct kvm` of the model. */
export const kvmTraces: TracedModel<Kvm, TraceEvent> = {
  versions: TRACED_KERNELS.map(({ version }) => version),
  recipe: (version) => recipeLines(kernelOf(version)),
  reader: (strict) => new LogReader({ strict }),
  census(version) {
    const taker = new CensusTaker(version === null ? null : kernelOf(version))
    return { push: (event) => taker.push(event), end: () => counted(taker.census()) }
  },
  tampering,
  isOfLog: (error) => error instanceof LogError,
  isDisagreement: (error) => error instanceof Disagreement,
}

const kernelOf = (version: string): Kernel =>
  TRACED_KERNELS.find((kernel) => kernel.version === version) as Kernel

function counted(census: Census): CountedLog<Kvm, TraceEvent> {
  const { kernel, events, vcpus, pagesBuilt, zaps, zapAlls, invalidations } = census
  const mmu = `npt=${Number(census.npt)}${census.npt ? `, tdp_mmu=${Number(census.tdpMmu)}` : ''}`
  return {
    version: kernel.version,
    events,
    about: `${kernel.version}, ${mmu}${census.nested ? ', nested' : ''}`,
    counts: [
      many(vcpus, 'vCPU'),
      many(pagesBuilt, 'shadow page'),
      many(zaps, 'zap'),
      ...(zapAlls > 0 ? [many(zapAlls, 'zap of all', 'zaps of all')] : []),
      ...(invalidations > 0 ? [many(invalidations, 'invalidation')] : []),
    ],
    unknown: [...census.unknown].map(([name, count]) => `${name} (${count})`),
    states: () => statesOf(census),
    slices: () =>
      slices.map(
        (slice): SliceOfLog<Kvm, TraceEvent> => ({ id: slice.id, survey: () => surveyOf(census, slice) }),
      ),
  }
}

const many = (count: number, one: string, more = `${one}s`): string => `${count} ${count === 1 ? one : more}`

const NOT_MODELLED = 'not modelled yet: the roots and tables of this log are those of the TDP MMU'

function surveyOf(
  census: Census,
  slice: (typeof slices)[number],
): ReturnType<SliceOfLog<Kvm, TraceEvent>['survey']> {
  if (census.tdpMmu && slice.isWithoutTables !== true) return { push: () => {}, end: () => NOT_MODELLED }
  const survey = slice.survey(census.kernel)
  return {
    push: (event) => survey.push(event),
    end() {
      const fitted = survey.end()
      if (typeof fitted === 'string') return fitted
      const { about, observable, harness } = fitted
      return {
        about,
        observed: (design) => ({
          system: fitted.system(design),
          observable,
          harness,
          watch: () => fitted.watch(),
        }),
      }
    },
  }
}

function statesOf(census: Census): StateReplay<Kvm, TraceEvent> | string {
  const frames = frameIds(census, MOST_INDICES)
  if (frames === null)
    return `the log has ${census.gfns.size} frames and ${census.indices.size} positions in tables, too many for a replay`
  if (census.mostPages > MOST_PAGES)
    return `${census.mostPages} shadow pages exist at a time, and a replay has room for ${MOST_PAGES}`
  const room = roomFor(census, frames)
  const observed: Judged<Kvm>[] = []
  const unobserved: { id: string; missing: string }[] = []
  for (const property of properties) {
    if (property.kind !== 'invariant' && property.kind !== 'action') continue
    const missing = missingFor(property.id, census)
    if (missing === null) observed.push(property)
    else unobserved.push({ id: property.id, missing })
  }
  return {
    layout: traceLayout(census, room),
    observed,
    unobserved,
    begin: (stage) => begun(stage, census, room, frames),
  }
}

function begun(
  stage: { readonly world: Kvm; readonly at: Counters; took(step: StepView | null): void },
  census: Census,
  room: ReturnType<typeof roomFor>,
  frames: FrameIds,
): ReturnType<StateReplay<Kvm, TraceEvent>['begin']> {
  const replay = new Replay(
    { ...stage, at: stage.at as unknown as At, took: (step) => stage.took(step) },
    census,
    room,
  )
  const calls = new CallRules(census)
  // What they say of roots and locks is not so with the TDP MMU.
  const rules = census.tdpMmu ? null : new LogRules(census.kernel, census.vcpus)
  const locks = new LockEvents(census.kernel)
  let last: TraceEvent | null = null
  const take = (event: TraceEvent): void => {
    last = event
    const broken = calls.check(event) ?? rules?.check(event) ?? null
    if (broken !== null) throw new Disagreement(event, `in every log ${broken}`)
    replay.push(event)
  }
  return {
    push(event) {
      const acquired = locks.before(event)
      if (acquired !== null) take(acquired)
      take(event)
    },
    end() {
      if (last === null) return
      const broken = calls.end()
      if (broken !== null) throw new Disagreement(last, `in every log ${broken}`)
      replay.end(last)
    },
    pathsOf(watched) {
      const [what, number] = watched.split('=')
      if (what === 'vcpu') return [`world.vcpu[${Number(number)}].`, `at.vcpu[${Number(number)}]`]
      if (what === 'page') {
        const page = replay.pageAt(Number.parseInt(number.slice(-12), 16))
        return page === null ? [] : [`world.page[${page}].`]
      }
      const gfn = frames.gfns.get(Number(number))
      if (gfn === undefined) return []
      return ['rmap', 'guest_table', 'gfn_write_track', 'slot_of_gfn'].map(
        (array) => `world.${array}[${gfn}]`,
      )
    },
  }
}

/** The properties that no log is judged by, because nothing in it shows them. */
export const neverObserved = (): string[] => properties.map(({ id }) => id).filter((id) => !(id in SOURCES))
