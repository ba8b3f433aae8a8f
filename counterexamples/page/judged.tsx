import type { VNode } from 'preact'
import type { JudgedData } from './data.ts'

/** What each property says of a state, or of the step that led to it: what is violated first, in words. */
export function Judged({ judged, at }: { judged: readonly JudgedData[]; at: number }): VNode | null {
  if (judged.length === 0) return null
  const count = (mark: string): number => judged.filter((each) => each.marks[at] === mark).length
  const failed = judged.filter(({ kind, marks }) => kind !== 'witness' && marks[at] === '!')
  const unjudged = judged.filter(({ marks }) => marks === '').length
  const seen = judged.filter(({ kind, marks }) => kind === 'witness' && marks[at] === '!')
  return (
    <details class="judged" id="judged">
      <summary>
        {failed.map(({ id, title }) => (
          <span key={id} class="violated" title={title}>
            VIOLATED {id}
          </span>
        ))}
        {seen.map(({ id, title }) => (
          <span key={id} class="reached" title={title}>
            reached {id}
          </span>
        ))}
        <span>
          {failed.length === 0 ? 'Properties here: ' : ''}
          {count('+')} hold, {failed.length} violated, {count('-')} with nothing to judge
          {unjudged === 0 ? '' : `, ${unjudged} that only a search can judge`}
        </span>
      </summary>
      <ul>
        {judged.map(({ id, title, kind, marks }) => (
          <li
            key={id}
            title={marks === '' ? `${title} ${ONLY_A_SEARCH}` : title}
            class={wordOf(kind, marks[at]).replaceAll(' ', '-')}
          >
            <span class="word">{wordOf(kind, marks[at])}</span> {id}
          </li>
        ))}
      </ul>
    </details>
  )
}

const ONLY_A_SEARCH = '(What may happen later decides, not a single state: mmucheck check judges it.)'

function wordOf(kind: string, mark: string | undefined): string {
  if (mark === '!') return kind === 'witness' ? 'reached' : 'violated'
  if (mark === '+') return 'holds'
  if (mark === undefined) return 'not judged here'
  return kind === 'witness' ? 'not reached' : 'nothing to judge'
}
