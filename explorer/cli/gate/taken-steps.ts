/**
 * A step without its callers, `REQ.1` of any request: a function need not do everything for every caller.
 * `REQ.1[0]`, `REQ.1[1]` are one step for each id that can be chosen.
 */
export function stepWithoutCallers(step: string): string {
  return step.slice(step.lastIndexOf('/') + 1).replace(/\[\d+\]/g, '[]')
}

/**
 * Whether a step was taken: from any caller, or where a program has the code of the function in its own list, without a
 * block: `AR.1`, of which there is `vcpu.AR.1`.
 * @param taken the steps that were, without their callers.
 */
export function isTaken(step: string, taken: ReadonlySet<string>): boolean {
  return taken.has(step) || [...taken].some((each) => each.slice(each.indexOf('.') + 1) === step)
}
