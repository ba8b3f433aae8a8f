import type { Box } from '../../model/language/picture.ts'

/** Sizes in pixels; texts are in a monospaced font of 12 pixels. */
export const LINE = 15
export const LETTER = 7.25
const PAD = 6
const GAP = 26
/** Room for links between bands, and for the title of a band. */
const BETWEEN = 26

/** Room for links to the right of the last box. */
const SWING = 40

/** Where a box stands, in every state. */
export interface Place {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** Lines of notes, of which a state may have fewer. */
  readonly notes: number
  /** The row of boxes that it is in, counted from the top. */
  readonly row: number
}

export interface Layout {
  readonly width: number
  readonly height: number
  readonly places: ReadonlyMap<string, Place>
  /** Titles of the bands that have boxes, and where they stand. */
  readonly bands: readonly { readonly title: string; readonly y: number }[]
}

/** The boxes that are drawn in a state: those that are there, and those that are gone and still pointed at. */
export function visible(boxes: readonly Box[]): ReadonlySet<string> {
  const there = boxes.filter(({ gone }) => gone !== true)
  const pointedAt = there.flatMap(({ cells = [] }) =>
    cells.flatMap(({ to }) => (to === undefined ? [] : [boxOf(to)])),
  )
  const known = new Set(boxes.map(({ id }) => id))
  return new Set([...there.map(({ id }) => id), ...pointedAt.filter((id) => known.has(id))])
}

/** The box that a cell's `to` is, or is in. */
export const boxOf = (to: string): string => to.split('.')[0]

/**
 * Places for all boxes of a trace, which hold in each of its states, so that nothing moves from one step to the next.
 * Boxes that nothing ever happens to, and that no other box points at, are left out.
 * @param most width at which a band continues on the next line.
 * @param all keep the idle ones: the states to come are not known.
 */
export function layoutOf(
  states: readonly (readonly Box[])[],
  bands: readonly string[],
  most: number,
  all = false,
): Layout {
  const drawn = new Set(states.flatMap((boxes) => [...visible(boxes)]))
  const kept = (states[0] ?? [])
    .map(({ id }) => id)
    .filter((id) => drawn.has(id) && (all || !isIdle(states, id)))
  const forms = new Map(kept.map((id) => [id, formOf(states, id)]))
  const places = new Map<string, Place>()
  const titles: { title: string; y: number }[] = []
  let y = 0
  let width = 0
  let row = -1
  bands.forEach((title, band) => {
    const own = kept.filter((id) => forms.get(id)?.band === band)
    if (own.length === 0) return
    titles.push({ title, y: y + 10 })
    y += 16
    let x = 0
    let tallest = 0
    row++
    for (const id of own) {
      const form = forms.get(id) as Form
      if (x > 0 && x + form.width > most) {
        y += tallest + GAP / 2
        x = 0
        tallest = 0
        row++
      }
      places.set(id, { x, y, row, width: form.width, height: form.height, notes: form.notes })
      x += form.width + GAP
      tallest = Math.max(tallest, form.height)
      width = Math.max(width, x - GAP)
    }
    y += tallest + BETWEEN
  })
  return { width: width + SWING, height: Math.max(0, y - BETWEEN) + 4, places, bands: titles }
}

type Form = Pick<Place, 'width' | 'height' | 'notes'> & { readonly band: number }

/** The size that is enough in each state, and the band where the box is first of use. */
function formOf(states: readonly (readonly Box[])[], id: string): Form {
  const forms = states.flatMap((boxes) => boxes.filter((box) => box.id === id))
  const texts = forms.flatMap(({ title, notes = [], cells = [], gone }) => [
    gone === true ? `${title} (freed)` : title,
    ...notes,
    ...cells.map(({ name, text }) => `* ${name} ${text}`),
  ])
  const notes = Math.max(...forms.map((box) => box.notes?.length ?? 0))
  const cells = Math.max(...forms.map((box) => box.cells?.length ?? 0))
  const first = forms.find(({ gone }) => gone !== true) ?? forms[0]
  return {
    band: first.band,
    notes,
    width: Math.ceil(Math.max(...texts.map(({ length }) => length)) * LETTER) + 2 * PAD,
    height: (1 + notes + cells) * LINE + PAD,
  }
}

/** Whether a box is the same in all states and has to do with no other. */
function isIdle(states: readonly (readonly Box[])[], id: string): boolean {
  const known = new Set(states[0].map((box) => box.id))
  const first = JSON.stringify(states[0].find((box) => box.id === id))
  const targets = ({ cells = [] }: Box): string[] =>
    cells.flatMap(({ to }) => (to === undefined || !known.has(boxOf(to)) ? [] : [boxOf(to)]))
  return states.every((boxes) =>
    boxes.every((box) =>
      box.id === id ? JSON.stringify(box) === first && targets(box).length === 0 : !targets(box).includes(id),
    ),
  )
}

/** The middle of a cell, and of the title if there is no such cell. */
export function rowOf(box: Box, place: Place, cell: string | undefined): number {
  const index = (box.cells ?? []).findIndex(({ name }) => name === cell)
  const line = index < 0 ? 0 : 1 + place.notes + index
  return place.y + line * LINE + LINE / 2 + PAD / 2
}
