import { Command, CommanderError } from 'commander'
import { FORMS } from '../../counterexamples/forms.ts'
import { quoted } from '../../model/language/quoted.ts'
import { hintFor } from './catalogue.ts'
import type { CommandContext } from './command-context.ts'
import { errorLines } from './error-lines.ts'
import { UsageError } from './errors.ts'
import { bisectStatus, EXIT } from './exit-status.ts'
import {
  BISECT,
  CHECK_EXAMPLES,
  DESIGN_FILE,
  DIFF,
  DRIFT,
  ENVIRONMENT,
  EXAMPLES,
  EXIT_STATUS,
  GATE,
  MERGE,
  MUSEUM,
  MUTATIONS,
  PURPOSE,
  SCENARIO_FILE,
  SEARCHES,
  SHRINKING,
  SUBMIT,
  TRACES,
  WORKER,
} from './help.ts'
import { unknownName } from './nearest.ts'
import { printError } from './print-error.ts'
import { FORMATS } from './report/formats/output.ts'

/**
 * Runs one command line. Errors become one line on standard error; nothing is thrown.
 * @param args what follows the program's name.
 * @returns the exit status.
 */
export async function run(context: CommandContext, args: readonly string[]): Promise<number> {
  const status = await runProgram(context, args)
  return args[0] === 'bisect-run' && !args.includes('--help') ? bisectStatus(status) : status
}

async function runProgram(context: CommandContext, args: readonly string[]): Promise<number> {
  const { io } = context
  let status: number = EXIT.holds
  const program = programOf(context, (result) => {
    status = result
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.holds : EXIT.usage
    return printError(io, error)
  }
}

function programOf(context: CommandContext, done: (status: number) => void): Command {
  const { io } = context
  const program = new Command('mmucheck')
  program
    .description(`${PURPOSE}\n${EXAMPLES}`)
    .usage('[command] [options]')
    .version(context.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.replace(/\n$/, '')),
      writeErr: (text) => io.err(text.replace(/\n$/, '')),
      outputError: (text, write) => {
        const message = text.replace(/^error: /, 'mmucheck: ').replace(/\n\(Did you mean/, ' (did you mean')
        for (const line of errorLines(message)) write(`${line}\n`)
        write('Try --help.\n')
      },
      getOutHelpWidth: () => io.width,
      getErrHelpWidth: () => io.width,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('after', `${EXIT_STATUS}\n${ENVIRONMENT}`)
    .helpCommand(false)
    .enablePositionalOptions()
    .allowExcessArguments()
    .optionsGroup('Options without a command:')
    .option('--json', 'the result as JSON')
    .option('--quiet', 'only the last line')
    .option('--out <dir>', 'folder for counterexamples (default: out)')
    .option('--evidence <dir>', 'write what the run is evidence of, and a paragraph for a mail')
    .option('--workers <n>', 'parallel searches (default: one for each core)')
    .option('--budget <s>', 'seconds for all searches together')
    .option('--unicode', 'check marks beside the words')
    .optionsGroup('Options:')
    .action(async (raw) => {
      const [unknown] = program.args
      if (unknown !== undefined) {
        const commands = program.commands.map((c) => c.name())
        const hint = hintFor(context.catalogue, unknown)
        throw new UsageError(
          hint === null
            ? unknownName('command', unknown, commands)
            : `no command is called "${quoted(unknown)}"; ${hint}`,
        )
      }
      const { defaultSet } = await import('./commands/default-set.ts')
      done(await defaultSet(context, raw))
    })

  const command = (name: string, purpose: string, more = ''): Command =>
    program
      .command(name)
      .allowExcessArguments(false)
      .summary(purpose)
      .description(purpose + more)
      .addHelpText('after', `${EXIT_STATUS}\n${ENVIRONMENT}`)

  addSearchOptions(
    command(
      'check',
      'Searches scenarios, with a design, for violations of properties.',
      `\nWithout a scenario: every one that the design names; for upstream all\nexcept deep ones, which take long.\n${CHECK_EXAMPLES}`,
    ).argument('[scenario...]', 'ids or aliases, see "mmucheck list scenarios"'),
  )
    .addHelpText('after', SEARCHES + DESIGN_FILE + SCENARIO_FILE)
    .action(async (scenarios: string[], raw) => {
      const { check } = await import('./commands/check.ts')
      done(await check(context, scenarios, raw))
    })

  addSearchOptions(
    command('bisect-run', 'As check, with the exit statuses that "git bisect run" expects.', BISECT).argument(
      '[scenario...]',
      'ids or aliases, see "mmucheck list scenarios"',
    ),
  ).action(async (scenarios: string[], raw) => {
    const { check } = await import('./commands/check.ts')
    done(await check(context, scenarios, raw))
  })

  command('museum', 'Searches for every bug that was in a kernel, and says how many are found.', MUSEUM)
    .option('--kernel <version>', 'on this Linux version')
    .option('--json', 'as an object')
    .option('--out <dir>', 'folder for counterexamples', 'out')
    .option('--quiet', 'only the last line')
    .action(async (raw) => {
      const { museum } = await import('./commands/museum.ts')
      done(await museum(context, raw))
    })

  command('list', 'Lists scenarios, designs, properties, machines, steps, bounds or kernels.')
    .argument('[kind]', 'scenarios, designs, properties, machines, steps, bounds, kernels')
    .option('--grep <word>', 'those in which it occurs: a function, field, commit, CVE, subject')
    .option('--function <name>', 'designs and steps of this kernel function')
    .option('--release <version>', 'designs only: those that this version carries, as written')
    .option('--json', 'an array, or an object of arrays')
    .option('--status <status>', 'designs only: those of this status, see "explain"')
    .option('--kernel <version>', 'of this Linux version')
    .action(async (kind: string | undefined, raw) => {
      const { list } = await import('./commands/list.ts')
      done(await list(context, kind, raw))
    })

  command('explain', 'Explains a scenario, design, property, bound, machine, step or question.')
    .argument('<name>', 'id or alias; a design file; a kernel function, field, commit, CVE')
    .option('--kernel <version>', 'as it is in this Linux version')
    .action(async (name: string, raw) => {
      const { explain } = await import('./commands/explain.ts')
      done(await explain(context, name, raw))
    })

  command('diff', 'Compares two designs, kernels or results: verdicts, behaviours and costs.', DIFF)
    .argument('[a]', 'a design (id or file), a kernel, or the file of a result (--json)')
    .argument('[b]', 'what it is compared with')
    .argument('[scenario...]', 'default: those of the designs, or in which the kernels differ')
    .option('--kernel <versions...>', 'of this kernel; of two alone: the steps in which they differ')
    .option('--goal <property>', 'what ends a way (default: where everything is done)')
    .option('--max-states <n>', 'distinct states of each search (default: 300000)')
    .option('--time-limit <s>', 'seconds for each search')
    .option('--memory-limit <MiB>', 'of the whole process (default: 90% of the memory)')
    .option('--workers <n>', 'scenarios in parallel (default: one for each core)')
    .option('--allow-incomplete', 'exit with 0 if something is not decided; the last line says so')
    .option('--allow-vacuous', 'exit with 0 if only B has nothing to judge')
    .option('--json', 'the result as JSON')
    .option('--quiet', 'only the last line')
    .action(async (a: string | undefined, b: string | undefined, scenarios: string[], raw) => {
      const { diff } = await import('./commands/diff.ts')
      const names = [a, b, ...scenarios].filter((name) => name !== undefined)
      done(await diff(context, names, raw))
    })

  command('show', 'Shows counterexamples, as race diagrams or in another form.')
    .argument('<counterexample...>', 'files or ids')
    .option('--as <form>', FORMS.join(', '), 'diagram')
    .option('--design <file>', 'use this design file, not the one in the counterexample')
    .option(
      '--out <dir>',
      'where to look for ids, and to write html, itf, mermaid or selftest of several',
      'out',
    )
    .action(async (names: string[], raw) => {
      const { show } = await import('./commands/show.ts')
      done(await show(context, names, raw))
    })

  command('explore', 'Steps through a scenario by hand, on a page that only this machine can open.')
    .argument('[scenario]', 'id or alias, see "mmucheck list scenarios"')
    .option('--scenario <file>', 'a scenario file instead')
    .option('--design <design>', 'with the patches of this design: id, alias or file')
    .option('--kernel <version>', 'of this Linux version')
    .option('--out <dir>', 'where to save paths', 'out')
    .action(async (name: string | undefined, raw) => {
      const { explore } = await import('./commands/explore.ts')
      done(await explore(context, name, raw))
    })

  command('replay', 'Replays counterexamples by xstate alone; fails if the model does not allow one.')
    .argument('<counterexample...>', 'files or ids')
    .option('-i, --interactive', 'step through one')
    .option('--design <file>', 'use this design file, not the one in the counterexample')
    .option('--out <dir>', 'where to look for ids', 'out')
    .option('--quiet', 'print nothing unless it fails')
    .action(async (names: string[], raw) => {
      const { replay } = await import('./commands/replay.ts')
      done(await replay(context, names, raw))
    })

  command(
    'shrink',
    'Writes a counterexample in a smaller scenario, with fewer steps and switches.',
    SHRINKING,
  )
    .argument('<counterexample>', 'file or id')
    .option('--design <file>', 'use this design file, not the one in the counterexample')
    .option('--out <dir>', 'folder to write to, and to look for ids in', 'out')
    .option('--keep-scenario', 'shrink the trace only')
    .option('--max-states <n>', 'most states of each search (default: 200000)')
    .option('--quiet', 'only the last line')
    .action(async (name: string, raw) => {
      const { shrink } = await import('./commands/shrink.ts')
      done(await shrink(context, name, raw))
    })

  command('trace', 'Holds logs of a real kernel against the properties and the model.', TRACES)
    .argument('[log...]', 'ftrace text, gzipped or not; folders of *.txt.gz; - for standard input')
    .option('--recipe [version]', 'print what a log is recorded with, and stop')
    .option('--level <n>', '1: properties on the states; 2: the model (default: both)')
    .option('--slice <id>', 'only this part of the model')
    .option('--design <id|file>', 'follow with this design, not with the kernel')
    .option('--matrix', 'every design with every log, as a table')
    .option('--tamper <n>', 'how many of n copies per kind of change are noticed')
    .option('--coverage', 'list the steps that no log has taken')
    .option('--kernel <version>', 'the log is of this version (default: as its functions say)')
    .option('--watch <what>', 'print changes of vcpu=N, page=0xADDRESS or gfn=N')
    .option('--frontier <n>', 'most states to keep (default: 20000)')
    .option('--seed <n>', 'of the choices of --tamper (default: 1)')
    .option('--strict', 'refuse events of unknown kinds')
    .option('--verbose', 'name every property and how often it was judged')
    .option('--json', 'the result as JSON')
    .action(async (logs: string[], raw) => {
      const { trace } = await import('./commands/trace.ts')
      done(await trace(context, logs, raw))
    })

  command('machine', 'Prints a machine, the code of a kind of thread, as a statechart.')
    .argument('<name>', 'see "mmucheck list machines"')
    .option('--as <form>', 'mermaid or json (as xstate takes it)', 'mermaid')
    .option('--scenario <id>', 'as it is in this scenario')
    .option('--kernel <version>', 'as it is in this Linux version')
    .option('--design <id>', 'with the patches of this design')
    .action(async (name: string, raw) => {
      const { machine } = await import('./commands/machine.ts')
      done(await machine(context, name, raw))
    })

  command('drift', 'Compares a kernel tree with what the model cites of it.', DRIFT)
    .requiredOption('--kernel <dir>', 'the tree, or its arch/x86/kvm and virt/kvm')
    .option('--as <version>', 'compare with this version, not that of the Makefile or the most similar one')
    .option('--update', 'write the facts about its functions first')
    .option('--facts <dir>', 'where the facts are, if not in this package')
    .option('--json', 'as an object')
    .action(async (raw) => {
      // The parser of C is large, and no other command needs it.
      const { drift } = await import('./commands/drift.ts')
      done(await drift(context, raw))
    })

  command('mutate', 'Changes upstream in one place at a time, and says which property notices.', MUTATIONS)
    .argument('[scenario...]', 'ids or aliases; default: all that are not deep')
    .option('--only <kind>', 'drop (default), swap, guard, section, or all of them')
    .option('--step <name>', 'only this statement or step (repeatable)', collect)
    .option('--states <n>', 'most states of a search, or "all" (default: 60000)')
    .option('--scenarios-per-step <n>', 'most searches per change, or "all" (default: 12)')
    .option('--workers <n>', 'parallel searches')
    .option('--out <dir>', 'write there which race shows that each statement is needed')
    .option('--json', 'the result as JSON')
    .option('--allow-incomplete', 'exit with 0 if some are not decided; the last line says so')
    .option('--quiet', 'only the last line')
    .action(async (scenarios: string[], raw) => {
      const { mutate } = await import('./commands/mutate.ts')
      done(await mutate(context, scenarios, raw))
    })

  addReportOptions(
    command('gate', 'Searches every design in its scenarios; compares with what was recorded.', GATE)
      .option('--update', 'record what is found, and print what differs; not with CI=true')
      .option('--kernel <version>', 'the cells whose steps differ in this Linux version')
      .option('--design <file>', 'only this design of yours, and what it expects (repeatable)', collect)
      .option('--tier <name>', 'gate (default), or deep: the deep scenarios')
      .option('--only <text>', 'only cells with that in "DESIGN in SCENARIO" (repeatable)', collect)
      .option('--shard <i/n>', 'one part of several; auto/N, auto: index from the environment')
      .option('--time-limit <s>', 'seconds for each search')
      .option('--budget <s>', 'seconds for all searches together')
      .option('--max-states <n>', 'distinct states of each search')
      .option('--memory-limit <MiB>', 'of the whole process (default: 90% of the memory)')
      .option('--workers <n>', 'parallel searches (default: one for each core)')
      .option('--cache <dir>', 'where verdicts are kept (default: ~/.cache/mmucheck)')
      .option('--no-cache', 'search everything, and keep nothing'),
  ).action(async (raw) => {
    const { gate } = await import('./commands/gate.ts')
    done(await gate(context, raw))
  })

  addReportOptions(
    command('merge', 'Puts the shards of a gate together, and reports what the whole gate does.', MERGE)
      .argument('<result...>', 'files of "gate --shard I/N --json FILE", all of them')
      .option('--recheck <n>', 'search some cells again on this machine, and compare'),
  ).action(async (files: string[], raw) => {
    const { merge } = await import('./commands/merge.ts')
    done(await merge(context, files, raw))
  })

  addReportOptions(
    command('submit', 'Lets workers on other machines search; reports as one machine does.', SUBMIT)
      .option('--redis <url>', 'where the queue is (default: MMUCHECK_REDIS)')
      .option('--kernel <version>', 'the cells whose steps differ in this Linux version')
      .option('--tier <name>', 'gate (default), or deep: the deep scenarios')
      .option('--only <text>', 'only cells with that in "DESIGN in SCENARIO" (repeatable)', collect)
      .option('--time-limit <s>', 'seconds for each search')
      .option('--budget <s>', 'seconds to wait for all of them')
      .option('--max-states <n>', 'distinct states of each search')
      .option('--stop-on-violation', 'cancel the rest at the first violation that is not expected')
      .option('--recheck <n>', 'search some again on this machine, and compare')
      .option('--swarm [n]', 'random searches of scenarios, until one finds a violation (default: 32)')
      .option('--shards <n>', 'one exhaustive search of scenarios, divided among n processes')
      .option('--safety', 'with --shards: leave out what needs the whole graph')
      .option('--expected-states <n>', 'with --shards: decides the fingerprints (default: 10^9)')
      .option('--fingerprint-bits <n>', 'with --shards: 96 or 128')
      .option('--memory-limit <MiB>', 'with --shards: of each process')
      .option('--seed <n>', 'of hash functions and random choices (default: 1)')
      .option('--property <id>', 'with scenarios: only this one (repeatable)', collect)
      .option('--design <id>', 'with scenarios: the design; no file (repeatable)', collect)
      .option('--allow-incomplete', 'exit with 0 if inconclusive; the last line says so')
      .option('--allow-vacuous', 'exit with 0 if vacuous; the last line says so')
      .argument('[scenario...]', 'ids or aliases with --shards; a gate has --only'),
  ).action(async (scenarios: string[], raw) => {
    // Only these three load the packages of the queue.
    const { submit } = await import('./commands/submit.ts')
    done(await submit(context, scenarios, raw))
  })

  command('worker', 'Searches what others submit, until it is interrupted.', WORKER)
    .option('--redis <url>', 'where the queue is (default: MMUCHECK_REDIS)')
    .option('--workers <n>', 'searches at a time (default: one for each core)')
    .option('--dir <dir>', 'for the states of shards (default: ~/.cache/mmucheck/shards)')
    .option('--idle-exit <s>', 'end after as many seconds without work')
    .option('--quiet', 'print only what goes wrong')
    .action(async (raw) => {
      const { worker } = await import('./commands/worker.ts')
      done(await worker(context, raw))
    })

  command('status', 'Prints what waits in a queue, and who works.')
    .option('--redis <url>', 'where the queue is (default: MMUCHECK_REDIS)')
    .option('--json', 'as an object')
    .action(async (raw) => {
      const { status } = await import('./commands/status.ts')
      done(await status(context, raw))
    })

  command('init', 'Writes an example of a design with new code, and its test.')
    .argument('[dir]', 'folder to write to', '.')
    .option('--github', 'and a workflow of GitHub that checks it')
    .option('--gitlab', 'and a .gitlab-ci.yml that checks it')
    .action(async (folder: string, raw) => {
      const { init } = await import('./commands/init.ts')
      done(init(context, folder, raw))
    })

  command('doctor', 'Prints versions, model hash, cores and memory, for bug reports.')
    .option('--json', 'as an object')
    .action(async (raw) => {
      const { doctor } = await import('./commands/doctor.ts')
      done(await doctor(context, raw))
    })

  return program
}

const collect = (value: string, all: string[] | undefined): string[] => [...(all ?? []), value]

function addReportOptions(command: Command): Command {
  return command
    .option('--baseline <file>', 'compare with this file, not with the one in the package')
    .option('--same-graph', 'fail (3) for other counts too: nothing may change but names')
    .option('--json [file]', 'the result as JSON, to standard output or a file')
    .option('--format <name>', FORMATS.join(', '))
    .option('--out <dir>', 'folder for counterexamples (default: out)')
    .option('--quiet', 'only the last line')
}

function addSearchOptions(command: Command): Command {
  return command
    .optionsGroup('What to check:')
    .option('--scenario <file>', 'JSON file with a scenario (repeatable)', collect)
    .option('--design <id|file>', 'design, or file with one (repeatable; default: upstream)', collect)
    .option('--kernel <version>', 'Linux version, see "mmucheck list kernels" (default: newest)')
    .option('--property <id>', 'only this one, deadlocks and oopses (repeatable)', collect)
    .optionsGroup('How to search everything:')
    .option('--reduce <how>', 'none, symmetry, por (partial order) or all (default)')
    .option('--self-check', 'search without reduction too, and fail (70) if they differ')
    .option('--storage <how>', 'exact (default), or fingerprint: some bits per state')
    .option('--fingerprint-bits <n>', '64 (default), 96 or 128')
    .option('--workers <n>', 'parallel searches; or threads that share a single one')
    .option('--seed <n>', 'seed of hash functions and random choices (default: 1)')
    .optionsGroup('How to search a part only; finds violations and proves nothing:')
    .option('--search <how>', 'bfs (everything, default), random, priorities, preemptions')
    .option('--walks <n>', 'with random, priorities: number of walks (default: 1000)')
    .option('--bug-depth <d>', 'with priorities: orderings the bug needs (default: 3)')
    .option('--preemptions <k>', 'with preemptions: most per behaviour (default: 2)')
    .optionsGroup('Limits of each search; a search that reaches one is inconclusive:')
    .option('--max-states <n>', 'distinct states')
    .option('--max-depth <n>', 'steps from the initial state')
    .option('--time-limit <s>', 'seconds, including those before a resumed checkpoint')
    .option('--memory-limit <MiB>', 'of the whole process (default: 90% of the memory)')
    .option('--allow-incomplete', 'exit with 0 if inconclusive; the last line says so')
    .option('--allow-vacuous', 'exit with 0 if vacuous; the last line says so')
    .optionsGroup('To resume later:')
    .option('--checkpoint <dir>', 'write checkpoints there, also when interrupted')
    .option('--checkpoint-every <s>', 'seconds between two (default: 60)')
    .option('--resume <dir>', 'continue from those; otherwise the same command')
    .optionsGroup('What to print:')
    .option('--json [file]', 'the result as JSON, to standard output or a file')
    .option('--format <name>', FORMATS.join(', '))
    .option('--out <dir>', 'folder for counterexamples (default: out)')
    .option('--evidence <dir>', 'write what the run is evidence of, and a paragraph for a mail')
    .option('--mutation <file>', 'the result of "mutate --json", whose score goes into the evidence')
    .option('--quiet', 'only the last line')
    .option('--unicode', 'check marks beside the words')
    .optionsGroup('Other:')
}
