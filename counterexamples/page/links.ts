import type { Box, Cell } from '../../model/language/picture.ts'
import { boxOf, type Layout, type Place, rowOf } from './layout.ts'

/** A line from a cell to what it points at. */
export interface Link {
  readonly path: string
  readonly kind: NonNullable<Cell['link']>
  /** Points at something that is gone. */
  readonly dangling: boolean
  readonly changed: boolean
  readonly label: string
}

/** The links of a state. @param before the state that it is compared with. */
export function linksOf(boxes: readonly Box[], before: readonly Box[], { places, width }: Layout): Link[] {
  const byId = new Map(boxes.map((box) => [box.id, box]))
  const old = new Map(before.map((box) => [box.id, box]))
  return boxes
    .filter(({ gone }) => gone !== true)
    .flatMap((box) =>
      (box.cells ?? []).flatMap((cell): Link[] => {
        const from = places.get(box.id)
        const target = cell.to === undefined ? undefined : byId.get(boxOf(cell.to))
        const to = target && places.get(target.id)
        if (cell.to === undefined || from === undefined || target === undefined || to === undefined) return []
        const was = old.get(box.id)?.cells?.find(({ name }) => name === cell.name)?.to
        return [
          {
            path: pathOf(
              from,
              rowOf(box, from, cell.name),
              to,
              target,
              cell.to.slice(target.id.length + 1),
              width,
            ),
            kind: cell.link ?? 'pointer',
            dangling: target.gone === true,
            changed: was !== cell.to,
            label: `${box.title} ${cell.name}: ${cell.text}`,
          },
        ]
      }),
    )
}

/**
 * A curve out of the cell's right side, or out of its left side to what stands further left: to a box in the next row,
 * into its top or bottom; to any other, and to a cell, around what lies between and into its right side.
 */
function pathOf(from: Place, y: number, to: Place, target: Box, cell: string, width: number): string {
  const right = from.x + from.width
  const rows = to.row - from.row
  if (cell === '' && Math.abs(rows) === 1) {
    const edge = rows === 1 ? to.y : to.y + to.height
    const near = rows === 1 ? edge - 24 : edge + 24
    const isLeft = to.x + to.width - 10 < right
    const x = isLeft ? from.x : right
    const out = isLeft ? x - 24 : x + 24
    const end = Math.min(to.x + to.width - 10, Math.max(to.x + 10, isLeft ? x - 4 : x + 14))
    return `M${x} ${y}C${out} ${y} ${end} ${near} ${end} ${edge}`
  }
  const row = rowOf(target, to, cell === '' ? undefined : cell)
  const end = to.x + to.width
  if (rows === 0 && to.x > from.x)
    return `M${right} ${y}C${right + 16} ${y} ${to.x - 16} ${row} ${to.x} ${row}`
  const side = Math.min(width - 2, Math.max(end, right) + 16 + 6 * Math.abs(rows))
  return `M${right} ${y}C${side} ${y} ${side} ${row} ${end} ${row}`
}
