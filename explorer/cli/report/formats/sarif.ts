import type { CodeFlow, Location, Log, ReportingDescriptor, Result, ThreadFlow } from 'sarif'
import type { Behaviour, Case, Output, Suite } from './output.ts'

/** Where a property is defined. */
export interface DefinedAt {
  /** Path in the repository. */
  readonly file: string
  readonly line: number
}

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'

/**
 * SARIF 2.1.0: a rule for each property, a result for each that fails. The behaviour is a code flow with a thread flow
 * for each thread, whose steps have their place in the interleaving as `executionOrder`. A run that was not complete
 * says so by `executionSuccessful` and notifications.
 * @param whereDefined where a property is; null if that is not known.
 */
export function sarifText(output: Output, whereDefined: (property: string) => DefinedAt | null): string {
  const cases = output.suites.flatMap((suite) => suite.cases.map((each) => ({ suite, each })))
  const isResult = ({ each }: { each: Case }): boolean => each.outcome === 'fail' || each.outcome === 'skip'
  const names = [...new Set(cases.filter(isResult).map(({ each }) => each.name))]
  const errors = cases.filter(({ each }) => each.outcome === 'error')
  const log: Log = {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'mmucheck',
            version: output.version,
            rules: names.map((name) => ruleOf(name, cases.find(({ each }) => each.name === name)?.each)),
          },
        },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: errors.length === 0,
            toolExecutionNotifications: errors.map(({ suite, each }) => ({
              level: 'error',
              message: { text: `${suite.name}: ${each.words}` },
            })),
          },
        ],
        properties: { modelHash: output.modelHash, verdict: output.verdict },
        results: cases
          .filter(isResult)
          .map(({ suite, each }) => resultOf(suite, each, names.indexOf(each.name), whereDefined(each.name))),
      },
    ],
  }
  return JSON.stringify(log, null, 1)
}

const ruleOf = (name: string, each: Case | undefined): ReportingDescriptor => ({
  id: name,
  shortDescription: { text: each === undefined || each.title === '' ? name : each.title },
})

function resultOf(suite: Suite, each: Case, ruleIndex: number, at: DefinedAt | null): Result {
  const { behaviour, words, name, outcome, kind } = each
  const logical = { fullyQualifiedName: `${suite.name}: ${name}` }
  const location: Location = {
    ...(at === null
      ? {}
      : { physicalLocation: { artifactLocation: { uri: at.file }, region: { startLine: at.line } } }),
    logicalLocations: [logical],
  }
  return {
    ruleId: name,
    ruleIndex,
    kind: outcome === 'fail' ? 'fail' : 'open',
    level: outcome === 'fail' ? 'error' : 'none',
    message: { text: `${suite.name}: ${words}` },
    locations: [location],
    ...(kind === 'introduced' ? { baselineState: 'new' as const } : {}),
    partialFingerprints: { 'cell/v1': logical.fullyQualifiedName },
    ...(behaviour === null
      ? {}
      : { fingerprints: { 'counterexample/v1': behaviour.id }, codeFlows: [codeFlowOf(behaviour, at)] }),
  }
}

function codeFlowOf({ steps, diagram }: Behaviour, at: DefinedAt | null): CodeFlow {
  const threads = [...new Set(steps.map(({ thread }) => thread))]
  const flows = threads.map(
    (id): ThreadFlow => ({
      id,
      locations: steps.flatMap(({ thread, step, text }, n) =>
        thread === id
          ? [
              {
                executionOrder: n + 1,
                location: {
                  message: { text: text === '' ? step : `${step}: ${text}` },
                  logicalLocations: [{ fullyQualifiedName: `${thread}.${step}` }],
                  ...(at === null
                    ? {}
                    : {
                        physicalLocation: {
                          artifactLocation: { uri: at.file },
                          region: { startLine: at.line },
                        },
                      }),
                },
              },
            ]
          : [],
      ),
    }),
  )
  const initial: ThreadFlow = {
    id: 'initial state',
    locations: [{ location: { message: { text: 'violated in the initial state' } } }],
  }
  return { message: { text: diagram }, threadFlows: flows.length === 0 ? [initial] : flows }
}
