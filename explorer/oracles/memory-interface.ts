import type { Case } from '../../model/language/program.ts'
import { array, id, oneOf, ref, type Sort, struct, type View } from '../../model/language/shapes.ts'
import { forEach, idsOf } from './actions.ts'

/** The sizes of a memory in "Specifying Systems" (chapter 5): processors, addresses and values. */
export interface InterfaceSizes {
  readonly proc: Sort
  readonly adr: Sort
  readonly val: Sort
}

/**
 * The interface between processors and memory, shared by the two memories of that chapter. `memInt` is the
 * last datum that crossed it and whose it was. A datum is a request (`op` Rd or Wr), a value (only `val`) or
 * nothing at all.
 */
export function memoryInterface({ proc, adr, val }: InterfaceSizes) {
  const datum = struct({ op: oneOf('none', 'Rd', 'Wr'), adr: ref(adr), val: ref(val) })
  return {
    datum,
    members: {
      memInt: struct({ proc: id(proc), datum }),
      ctl: array(proc, oneOf('rdy', 'busy', 'waiting', 'done')),
      buf: array(proc, datum),
      mem: array(adr, id(val)),
    },
  }
}

/** A request, a value or nothing, as model code sees it. */
export type Datum = View<ReturnType<typeof memoryInterface>['datum']>

export const NO_VALUE: Datum = { op: 'none', adr: null, val: null }

/** A datum that is a plain value. */
export const plainValue = (val: number): Datum => ({ op: 'none', adr: null, val })

/** The parts of a world that the interface needs. */
interface Interface {
  readonly memInt: { proc: number; readonly datum: Datum }
  readonly ctl: { [p: number]: 'rdy' | 'busy' | 'waiting' | 'done' }
  readonly buf: { readonly [p: number]: Datum }
  readonly mem: { [a: number]: number }
}

/** The actions `Req(p)` for every request and `Rsp(p)`. */
export function interfaceActions<W extends Interface>({ adr, val }: InterfaceSizes) {
  const requests = idsOf(adr).flatMap((a): Datum[] => [
    { op: 'Rd', adr: a, val: null },
    ...idsOf(val).map((v): Datum => ({ op: 'Wr', adr: a, val: v })),
  ])
  const crosses = (w: W, p: number, datum: Datum): void => {
    w.memInt.proc = p
    Object.assign(w.memInt.datum, datum)
  }
  const respond: Case<W> = {
    when: (w, p) => w.ctl[p] === 'done',
    does: (w, p) => {
      crosses(w, p, w.buf[p])
      w.ctl[p] = 'rdy'
    },
  }
  return {
    ...forEach<W, Datum>(
      requests,
      (r) => (r.op === 'Rd' ? `request-Rd-${r.adr}` : `request-Wr-${r.adr}-${r.val}`),
      (r) => ({
        when: (w, p) => w.ctl[p] === 'rdy',
        does: (w, p) => {
          crosses(w, p, r)
          Object.assign(w.buf[p], r)
          w.ctl[p] = 'busy'
        },
      }),
    ),
    respond,
  }
}

/** Initial states: every content of the memory. The last response went to the first processor. */
export function everyContent({ adr, val }: InterfaceSizes): ((w: Interface) => void)[] {
  return Array.from({ length: val.size ** adr.size }, (_, number) => (w: Interface) => {
    for (const a of idsOf(adr)) w.mem[a] = Math.floor(number / val.size ** a) % val.size
  })
}
