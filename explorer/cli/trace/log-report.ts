import type { Design } from '../../../model/designs/design.ts'
import type { Change } from '../../../model/scenarios/additions.ts'
import { type Catalogue, findDesign } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import type { DesignCode } from '../design-code/design-code.ts'
import { InternalError } from '../errors.ts'
import type { LogFile } from './log-file.ts'
import { Interrupted } from './passes.ts'
import { type LogResult, runLog, type TraceSettings } from './run-log.ts'
import { logJson, type TraceJson } from './trace-json.ts'
import { logLines } from './trace-text.ts'

/** One log to be followed. Can be sent to a thread if nothing is watched. */
export interface LogRequest {
  /** On the disk. */
  readonly file: LogFile
  readonly settings: TraceSettings
  /** By name, or one from a file, as data or as the text of its code; null for the kernel as it is. */
  readonly design: string | Design<never> | DesignCode | null
  readonly text: TextStyle
}

/** How results are printed. */
export interface TextStyle {
  readonly width: number
  readonly verbose: boolean
}

/** What came of one log: data only. */
export interface LogReport {
  readonly json: TraceJson['logs'][number]
  /** The same as text. */
  readonly lines: readonly string[]
}

/** Traces logs, several in parallel. */
export interface LogTracer {
  /**
   * Reads, replays and follows one log.
   * @returns null if `signal` was aborted.
   * @throws ModelError when the model is wrong, InternalError when its thread was lost.
   */
  trace(request: LogRequest, signal: AbortSignal): Promise<LogReport | null>
}

/** Reads, replays and follows one log in this thread. @returns null if `stop` said so. @throws as `LogTracer.trace`. */
export async function reportOn<W>(
  catalogue: Catalogue<W>,
  { file, settings, design, text }: LogRequest,
  stop: () => boolean,
): Promise<LogReport | null> {
  const model = await catalogue.traces?.()
  if (model === undefined) throw new InternalError('this model knows no logs of a real system')
  try {
    const change = await changeOf(catalogue, design)
    return reportOf(await runLog(file, model, settings, change, stop), text)
  } catch (error) {
    if (error instanceof Interrupted) return null
    throw error
  }
}

async function changeOf<W>(
  catalogue: Catalogue<W>,
  design: LogRequest['design'],
): Promise<Change<W> | undefined> {
  if (design === null) return undefined
  if (typeof design === 'string') return findDesign(catalogue, design)
  if (!('modules' in design)) return design as unknown as Change<W>
  const { designOfCode } = await import('../design-code/design-of-code.ts')
  return (await designOfCode(catalogueOfKernel(catalogue, undefined), design)).design
}

/** The report on a log that cannot be read. */
export const refusedReport = (name: string, refused: string, text: TextStyle): LogReport =>
  reportOf(
    { name, refused, counted: null, states: null, slices: [], seconds: { states: 0, reading: 0 } },
    text,
  )

const reportOf = <W>(result: LogResult<W>, { width, verbose }: TextStyle): LogReport => ({
  json: logJson(result),
  lines: logLines(result, width, verbose),
})
