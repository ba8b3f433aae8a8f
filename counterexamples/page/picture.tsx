import type { VNode } from 'preact'
import type { Box } from '../../model/language/picture.ts'
import { type Layout, LINE, type Place, visible } from './layout.ts'
import { linksOf } from './links.ts'

/** Width of a window with room for larger pictures. */
const LARGE = 1600

/** Room for links to the left of the first box. */
const MARGIN = 26

/** The boxes of a state, where the layout has them, and what points where. */
export function Picture({
  boxes,
  before,
  layout,
}: {
  boxes: readonly Box[]
  before: readonly Box[]
  layout: Layout
}): VNode {
  const scale = innerWidth >= LARGE ? 1.4 : 1
  const drawn = visible(boxes)
  const old = new Map(before.map((box) => [box.id, box]))
  const shown = boxes.filter(({ id }) => drawn.has(id) && layout.places.has(id))
  return (
    <svg
      class="picture"
      role="img"
      aria-label="Picture of the state; the values say the same"
      viewBox={`${-MARGIN} -2 ${layout.width + MARGIN} ${layout.height + 4}`}
      width={scale * (layout.width + MARGIN)}
      height={scale * (layout.height + 4)}
    >
      {layout.bands.map(({ title, y }) => (
        <text key={title} class="band" x="0" y={y}>
          {title}
        </text>
      ))}
      {shown.map((box) => (
        <BoxOf key={box.id} box={box} before={old.get(box.id)} place={layout.places.get(box.id) as Place} />
      ))}
      {linksOf(boxes, before, layout).map(({ path, kind, dangling, changed, label }) => (
        <path
          key={label}
          class={`link ${kind}${dangling ? ' dangling' : ''}${changed ? ' changed' : ''}`}
          d={path}
          marker-end={`url(#${dangling ? 'dangling' : 'head'})`}
        >
          <title>{label}</title>
        </path>
      ))}
      <defs>
        {['head', 'dangling'].map((id) => (
          <marker
            key={id}
            id={id}
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto"
          >
            <path class={`tip ${id}`} d="M0 0L8 4L0 8Z" />
          </marker>
        ))}
      </defs>
    </svg>
  )
}

/** One box. What differs from the state before is bold and has a star; what is freed is dashed and says so. */
function BoxOf({ box, before, place }: { box: Box; before: Box | undefined; place: Place }): VNode {
  const { title, notes = [], cells = [], gone } = box
  const isNew = before?.gone === true && gone !== true
  const line = (index: number): number => place.y + (index + 1) * LINE
  return (
    <g class={`box${gone === true ? ' gone' : ''}${isNew ? ' changed' : ''}`}>
      <rect x={place.x} y={place.y} width={place.width} height={place.height} rx="3" />
      <text class="title" x={place.x + 6} y={line(0)}>
        {gone === true ? `${title} (freed)` : title}
      </text>
      {notes.map((note, i) => (
        <text key={i} class={`note${differs(before?.notes?.[i], note)}`} x={place.x + 6} y={line(1 + i)}>
          {note}
        </text>
      ))}
      {cells.map(({ name, text }, i) => {
        const was = before?.cells?.find((cell) => cell.name === name)?.text
        const y = line(1 + place.notes + i)
        const mark = before === undefined ? '' : differs(was ?? null, text)
        return (
          <g key={name} class={`cell${mark}`}>
            <text class="name" x={place.x + 6} y={y}>
              {mark === '' ? name : `* ${name}`}
            </text>
            <text class="value" x={place.x + place.width - 6} y={y} text-anchor="end">
              {text}
            </text>
          </g>
        )
      })}
    </g>
  )
}

const differs = (was: string | null | undefined, now: string): string =>
  was === undefined || was === now ? '' : ' changed'
