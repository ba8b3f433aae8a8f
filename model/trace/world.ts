import type { Layout } from '../language/layout.ts'
import { layout } from '../language/layout.ts'
import { array, oneOf, type Sort, struct } from '../language/shapes.ts'
import { allBounds, type Bounds } from '../memory/bounds.ts'
import { kvmWorld } from '../memory/kvm.ts'
import { sortsOf } from '../memory/sorts.ts'
import type { Census } from './census.ts'
import type { FrameIds } from './frames.ts'

/** Where a thread of the model can be, as far as a log says: the places that properties ask for. */
export const PLACES = {
  vcpu: [
    'RUN.0',
    'RUN.8',
    'RUN.9',
    'exit: other',
    'RUN.1/FR.1',
    'RUN.1/ZAP.2',
    'RUN.1/ZAP.6',
    'RUN.1/ZAP.9/request/REQ.1',
    'CR0/FR.end',
    'PF/PF.7',
    'PF/PF.12',
    'PF/FETCH/FETCH.4',
    'PF/SET.4',
    'PF/ZAP.2',
    'PF/ZAP.6',
    'PF/ZAP.9/request/REQ.1',
  ],
  zapper: ['idle', 'ZAP.2', 'ZAP.6', 'ZAP.9/request/REQ.1'],
  memslot: [
    'idle',
    'SL.2',
    'SL.5',
    'ZF.2',
    'ZF.4/request/REQ.1',
    'ZF.5',
    'ZF.5/ZAP.6',
    'ZF.5/ZAP.9/request/REQ.1',
  ],
  notifier: ['idle', 'NS.1', 'NS.7', 'NE.1'],
} as const satisfies Record<string, readonly string[]>

/** Root slots besides the current one: KVM_MMU_NUM_PREV_ROOTS. */
export const PREV_ROOTS = 3
/** A five-level root is one table more. */
const LEVELS = 5

/** How much of everything a replay has room for. */
export interface Room {
  readonly pages: number
  readonly pfns: number
  readonly slots: number
  readonly notifiers: number
  readonly frames: FrameIds
  /** The order in which ids are given to pages first; default 0, 1, 2. */
  readonly pageOrder?: readonly number[]
}

/** Shadow pages of a replay, at most: properties compare all pages with each other. */
export const MOST_PAGES = 64

/** Positions in tables that a replay has room for, of the 512. */
export const MOST_INDICES = 64

/** The room that a log needs. Host pages that nothing maps give their ids back. */
export function roomFor(census: Census, frames: FrameIds): Room {
  return {
    pages: Math.max(1, census.mostPages),
    pfns: Math.min(census.pfns.size + 1, census.mostPages * frames.indexCount + 1, 64),
    slots: census.slots.size + 1,
    notifiers: Math.max(1, census.mostNotifiers),
    frames,
  }
}

/** The bounds of the model that a log is replayed in: what the log says nothing of is left out. */
function boundsFor(census: Census, room: Room): Bounds {
  const off = allBounds({})
  return {
    ...off,
    vcpus: census.vcpus,
    guest: {
      ...off.guest,
      gfns: room.frames.gfnCount,
      tables: room.frames.gfnCount,
      entries: room.frames.indexCount,
      gvas: 0,
      huge: true,
      wpToggles: 1,
      // Makes room for what a vCPU zaps; the store itself is never made.
      edits: [{ gva: 0, index: 0, to: null, w: false }],
    },
    host: { ...off.host, pfns: room.pfns },
    shadow: { ...off.shadow, pages: room.pages, levels: LEVELS, accessRoles: true },
    roots: { prev: PREV_ROOTS, pae: 0 },
    zap: { ...off.zap, threads: 1, all: 1, pages: 1 },
    memslots: { ...off.memslots, slots: room.slots, deletes: 1 },
    notifier: { ...off.notifier, threads: room.notifiers, invalidations: 1 },
    nested: { ...off.nested, mmus: census.npt ? 2 : 1 },
  }
}

/** The state that a log is replayed on: `world`, and the places of threads in `at`. */
export function traceLayout(census: Census, room: Room): Layout {
  const bounds = boundsFor(census, room)
  const sizes: Readonly<Record<string, number>> = {
    gfn: room.frames.gfnCount,
    pfn: room.pfns,
    page: room.pages,
    index: room.frames.indexCount,
  }
  // Sorts of scenarios end at 64 ids; nothing here packs ids into words.
  const small = sortsOf({
    ...bounds,
    guest: {
      ...bounds.guest,
      gfns: Math.min(64, bounds.guest.gfns),
      entries: Math.min(64, bounds.guest.entries),
    },
  })
  const wide = ({ name, size }: Sort): Sort => ({ name, size: size === 0 ? 0 : (sizes[name] ?? size) })
  const sorts = Object.fromEntries(
    Object.entries(small).map(([name, sort]) => [name, wide(sort)]),
  ) as typeof small
  return layout(
    struct({
      world: kvmWorld(bounds, sorts),
      at: struct({
        vcpu: array(sorts.vcpu, oneOf(...PLACES.vcpu)),
        zapper: array(sorts.zapper, oneOf(...PLACES.zapper)),
        memslot: array(1, oneOf(...PLACES.memslot)),
        notifier: array(sorts.notifier, oneOf(...PLACES.notifier)),
      }),
    }),
  ) as unknown as Layout
}
