import { quoted } from '../language/quoted.ts'
import { LogError } from './errors.ts'
import { decoded, type Kind, type Value } from './fields.ts'
import { type Fields, PROBES, type ProbeName } from './probes.ts'
import { SKIPPED, TRACEPOINTS, type TracepointName } from './tracepoints.ts'

/** What every event has. */
export interface Head {
  /** The line of the log, from 1. */
  readonly line: number
  /** The counter: events of all CPUs in one order. */
  readonly time: number
  /** The name of the thread, as the kernel has it: up to 15 characters, blanks and dashes included. */
  readonly comm: string
  readonly tid: number
  readonly cpu: number
  /** preempt_count(): 1 or more inside a spinlock or rwlock. */
  readonly depth: number
  /** The function that a probe is in, or, of a return probe, the one that is returned to. */
  readonly fn: string
}

type ProbeEvent = {
  readonly [N in ProbeName]: Head & { readonly name: N } & {
    readonly [F in keyof (typeof PROBES)[N]['fields']]: (typeof PROBES)[N]['fields'][F] extends {
      readonly kind: infer K extends Kind
    }
      ? Value<K>
      : never
  }
}[ProbeName]

type TracepointEvent = {
  readonly [N in TracepointName]: Head & { readonly name: N } & {
    readonly [F in keyof (typeof TRACEPOINTS)[N]['fields']]: (typeof TRACEPOINTS)[N]['fields'][F] extends infer K extends
      Kind
      ? Value<K>
      : string
  }
}[TracepointName]

/** Text that user space wrote to trace_marker. */
export type MarkEvent = Head & { readonly name: 'mark'; readonly text: string }

/** An event that is not read: known to say nothing of the MMU, or (`known: false`) of a kind that has no entry here. */
export type OtherEvent = Head & { readonly name: 'other'; readonly event: string; readonly known: boolean }

/** One event of a log. The kinds and their fields are those of `probes.ts` and `tracepoints.ts`. */
export type TraceEvent = ProbeEvent | TracepointEvent | MarkEvent | OtherEvent

/** The event with this name: `EventOf<'stale_chk'>`. */
export type EventOf<N extends TraceEvent['name']> = TraceEvent & { readonly name: N }

export interface LineOptions {
  /** Refuse events of a kind that has no entry here; otherwise they are `other` and not `known`. */
  readonly strict?: boolean
}

/** The columns of comm, and the dash between it and the thread id: `%16s-%-7d`. */
const COMM_COLUMNS = 16

const AFTER_COMM =
  /^(\d+) *(?: \([-\d ]+\))? \[(\d{3,})\] ([-.\w]{4,8}) +(\d+)(\.\d+)?: ([A-Za-z_]\w*):(?: |$)/
const TRIMMED = /^(.{1,15}?)-(\d+ .*)$/

/**
 * Reads one line of an ftrace text log.
 * @param line its number, for the event and for messages.
 * @throws LogError for a line that is no event, an event whose text is not that of its kind, and, if `strict`, an event
 * of an unknown kind.
 */
export function parseLine(text: string, line: number, { strict = false }: LineOptions = {}): TraceEvent {
  const dashed = text.charCodeAt(COMM_COLUMNS) === 45
  const rest = dashed ? text.slice(COMM_COLUMNS + 1) : TRIMMED.exec(text.trimStart())?.[2]
  const head = rest === undefined ? null : AFTER_COMM.exec(rest)
  if (head === null) throw refused(line, `is not an event of an ftrace text log: ${shown(text)}`)
  const comm = (dashed ? text.slice(0, COMM_COLUMNS) : (TRIMMED.exec(text.trimStart())?.[1] ?? '')).trim()
  const [all, tid, cpu, flags, time, fraction, event] = head
  if (fraction !== undefined)
    throw refused(
      line,
      'has a time in seconds, which does not order events of two CPUs: record with trace_clock=counter',
    )
  const common = {
    line,
    time: Number(time),
    comm,
    tid: Number(tid),
    cpu: Number(cpu),
    depth: depthOf(flags),
  }
  const found = read(common, event, (rest as string).slice(all.length))
  if (found === undefined)
    throw refused(line, `has an event that is cut or of another kernel: ${shown(text)}`)
  if (strict && found.name === 'other' && !found.known)
    throw refused(line, `has an event of a kind that is not known: ${quoted(event)}`)
  return found
}

const refused = (line: number, what: string): LogError => new LogError(`line ${line} ${what}`)
const shown = (text: string): string => quoted(text.trim(), 80)

const depthOf = (flags: string): number => {
  const digit = flags[3]
  return digit === '.' ? 0 : Number.parseInt(digit, 16)
}

type Common = Omit<Head, 'fn'>
type Template = Readonly<Record<string, unknown>>

/**
 * What every event of a kind is copied from, so that all of them have the same members in the same order: adding members
 * one by one to each takes longer than reading them.
 */
function templateOf(name: string, fields: readonly string[]): Template {
  const head = { line: 0, time: 0, comm: '', tid: 0, cpu: 0, depth: 0, fn: '', name }
  return { ...head, ...Object.fromEntries(fields.map((field) => [field, null])) }
}

/** An event with nothing but its head. */
function begun(template: Template, common: Common, fn: string): Record<string, unknown> {
  const event = { ...template }
  event.line = common.line
  event.time = common.time
  event.comm = common.comm
  event.tid = common.tid
  event.cpu = common.cpu
  event.depth = common.depth
  event.fn = fn
  return event
}

function read(common: Common, event: string, body: string): TraceEvent | undefined {
  if (Object.hasOwn(PROBES, event)) return readProbe(common, event as ProbeName, body)
  if (Object.hasOwn(TRACEPOINTS, event)) return readTracepoint(common, event as TracepointName, body)
  if (event === 'tracing_mark_write' || event === 'print')
    return { ...common, fn: '', name: 'mark', text: body }
  return { ...common, fn: '', name: 'other', event, known: SKIPPED.has(event) }
}

/** Where a probe prints its fields: the printed names with " " before and "=" behind, in order. */
interface Printed {
  readonly template: Template
  readonly fields: readonly { readonly name: string; readonly key: string; readonly kind: Kind }[]
}

const printed = (probe: string, fields: Fields): Printed => ({
  template: templateOf(probe, Object.keys(fields)),
  fields: Object.entries(fields).map(([name, { kind, printed }]) => ({
    name,
    key: ` ${printed ?? name}=`,
    kind,
  })),
})
const PRINTED: Readonly<Record<string, Printed>> = Object.fromEntries(
  Object.entries(PROBES).map(([name, { fields }]) => [name, printed(name, fields)]),
)
/** 7.2: the function has lost an argument, so the probe prints four registers by their places. */
const PTE_LIST_ADD_ISRA = printed('pte_list_add', {
  cache: { kind: 'address', fetch: '%di:x64', printed: 'a' },
  spte: { kind: 'address', fetch: '%si:x64', printed: 'b' },
  head: { kind: 'address', fetch: '%dx:x64', printed: 'c' },
  d: { kind: 'address', fetch: '%cx:x64' },
})

function readProbe(common: Common, name: ProbeName, body: string): TraceEvent | undefined {
  const end = body.indexOf(')')
  if (body[0] !== '(' || end < 0) return undefined
  const form = name === 'pte_list_add' && body.startsWith(' a=', end + 1) ? PTE_LIST_ADD_ISRA : PRINTED[name]
  const event = begun(form.template, common, functionIn(body.slice(1, end)))
  let at = end + 1
  if (name === 'tdp_get_root' && at === body.length) return { ...event, ret: null } as unknown as TraceEvent // 7.2
  for (const { name: field, key, kind } of form.fields) {
    if (!body.startsWith(key, at)) return undefined
    const from = at + key.length
    const blank = body.indexOf(' ', from)
    at = blank < 0 ? body.length : blank
    const value = decoded(kind, body, from, at)
    if (value === undefined) return undefined
    event[field] = value
  }
  return at === body.length ? (event as unknown as TraceEvent) : undefined
}

/** `kvm_mmu_load+0x158/0x8d0 [kvm] <- _raw_write_lock` is a return to kvm_mmu_load(). */
function functionIn(place: string): string {
  const end = place.search(/[+ ]/)
  return end < 0 ? place : place.slice(0, end)
}

/** 6.1 cannot print the text of these four; its recordings have an event probe of the same name instead. */
const PAGE_EVENTS = /^kvm_mmu_(?:get|prepare_zap|sync|unsync)_page$/
const EVENT_PROBE =
  /^(?:\(\S+\) )?gen=(\d+) gfn=(0x[0-9a-f]+) role=(0x[0-9a-f]+) rootc=(\d+) unsync=([01])(?: created=([01]))?$/

interface Pattern {
  readonly template: Template
  readonly text: RegExp
  /** The fields by the numbers of their groups: named groups would be looked up for each event. */
  readonly groups: readonly { readonly field: string; readonly kind: Kind | 'text'; readonly group: number }[]
}

const PATTERNS: Readonly<Record<string, Pattern>> = Object.fromEntries(
  Object.entries(TRACEPOINTS).map(([name, { text, fields }]) => {
    const names = [...text.source.matchAll(/\(\?<(\w+)>/g)].map(([, group]) => group)
    const groups = Object.entries(fields).map(([field, kind]) => ({
      field,
      kind,
      group: names.indexOf(field) + 1,
    }))
    return [name, { template: templateOf(name, Object.keys(fields)), text, groups }]
  }),
)

function readTracepoint(common: Common, name: TracepointName, body: string): TraceEvent | undefined {
  const { template, text, groups } = PATTERNS[name]
  const found = text.exec(body)
  if (found === null) return PAGE_EVENTS.test(name) ? readEventProbe(common, name, body) : undefined
  const event = begun(template, common, '')
  for (const { field, kind, group } of groups) {
    const piece: string | undefined = found[group]
    const value = kind === 'text' ? (piece ?? '') : decoded(kind, piece, 0, piece.length)
    if (value === undefined) return undefined
    event[field] = value
  }
  return event as unknown as TraceEvent
}

/** The role word as 6.1 has it; the lower bits are those of later kernels. */
function readEventProbe(common: Common, name: TracepointName, body: string): TraceEvent | undefined {
  const found = EVENT_PROBE.exec(body)
  if (found === null) return undefined
  const [, gen, gfn, word, rootc, unsync, created] = found
  const role = Number.parseInt(word, 16)
  const access = role >>> 8
  return {
    ...common,
    fn: '',
    name,
    gen: Number(gen),
    gfn: Number.parseInt(gfn, 16),
    level: role & 15,
    bytes: (role & 16) === 0 ? 8 : 4,
    quadrant: (role >>> 5) & 3,
    direct: (role & 128) === 0 ? '' : ' direct',
    access: `${access & 2 ? 'w' : '-'}${access & 4 ? 'u' : '-'}${access & 1 ? 'x' : '-'}`,
    invalid: (role & 0x800) === 0 ? '' : ' invalid',
    rootc: Number(rootc),
    sync: unsync === '1' ? 'unsync' : 'sync',
    created: created === undefined ? '' : created === '1' ? 'new' : 'existing',
  } as unknown as TraceEvent
}
