/**
 * Begins tasks in order, at most `most` at a time. The next one begins before anything that awaits the last one resumes.
 * @returns their results, in the same order.
 */
export function inParallel<T>(tasks: readonly (() => Promise<T>)[], most: number): Promise<T>[] {
  const waiting: (() => void)[] = []
  const next = (): void => waiting.shift()?.()
  const results = tasks.map(
    (task) =>
      new Promise<T>((resolve, reject) => {
        waiting.push(() => {
          task().finally(next).then(resolve, reject)
        })
      }),
  )
  for (let n = 0; n < most; n++) next()
  return results
}
