import { Command, CommanderError } from 'commander'
import type { CommandContext } from './command-context.ts'
import { check } from './commands/check.ts'
import { defaultSet } from './commands/default-set.ts'
import { doctor } from './commands/doctor.ts'
import { explain } from './commands/explain.ts'
import { list } from './commands/list.ts'
import { machine } from './commands/machine.ts'
import { replay } from './commands/replay.ts'
import { FORMS, show } from './commands/show.ts'
import { shrink } from './commands/shrink.ts'
import { errorLines } from './error-lines.ts'
import { UsageError } from './errors.ts'
import { EXIT } from './exit-status.ts'
import {
  CHECK_EXAMPLES,
  DESIGN_FILE,
  ENVIRONMENT,
  EXAMPLES,
  EXIT_STATUS,
  PURPOSE,
  SCENARIO_FILE,
  SEARCHES,
} from './help.ts'
import { unknownName } from './nearest.ts'
import { printError } from './print-error.ts'

/**
 * Runs one command line. Errors become one line on standard error; nothing is thrown.
 * @param args what follows the program's name.
 * @returns the exit status.
 */
export async function run(context: CommandContext, args: readonly string[]): Promise<number> {
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
    .option('--unicode', 'check marks besides the words')
    .action(async (raw) => {
      const [unknown] = program.args
      if (unknown !== undefined) {
        const commands = program.commands.map((c) => c.name())
        throw new UsageError(unknownName('command', unknown, commands))
      }
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
      'Explores every behaviour of scenarios with a design and judges the properties.',
      `\nWithout a scenario: every one that the design names; of upstream all but the deep ones.\n${CHECK_EXAMPLES}`,
    ).argument('[scenario...]', 'ids or aliases, see "mmucheck list scenarios"'),
  )
    .addHelpText('after', SEARCHES + DESIGN_FILE + SCENARIO_FILE)
    .action(async (scenarios: string[], raw) => done(await check(context, scenarios, raw)))

  command('list', 'Says what there is, with a sentence on each.')
    .argument('[kind]', 'scenarios, designs, properties or machines')
    .option('--json', 'an array, or an object of arrays')
    .action((kind: string | undefined, raw) => done(list(context, kind, raw)))

  command('explain', 'Says what a property, design, scenario, machine or step means.')
    .argument('<name>', 'id or alias')
    .action((name: string) => done(explain(context, name)))

  command('show', 'Renders a counterexample, after replaying it.')
    .argument('<counterexample>', 'file or id')
    .option('--as <form>', FORMS.join(', '), 'diagram')
    .option('--design <file>', 'design file, when the counterexample is of one')
    .option('--out <dir>', 'where to look for ids', 'out')
    .action((name: string, raw) => done(show(context, name, raw)))

  command('replay', 'Replays counterexamples by xstate alone; fails when the model does not allow one.')
    .argument('<counterexample...>', 'files or ids')
    .option('-i, --interactive', 'step through it')
    .option('--design <file>', 'design file, when the counterexample is of one')
    .option('--out <dir>', 'where to look for ids', 'out')
    .option('--quiet', 'say nothing unless it fails')
    .action(async (names: string[], raw) => done(await replay(context, names, raw)))

  command('shrink', 'Makes a counterexample shorter, with fewer context switches, and writes it.')
    .argument('<counterexample>', 'file or id')
    .option('--design <file>', 'design file, when the counterexample is of one')
    .option('--out <dir>', 'folder to write to, and to look for ids in', 'out')
    .action((name: string, raw) => done(shrink(context, name, raw)))

  command('machine', 'Prints a thread of control as a statechart.')
    .argument('<name>', 'thread kind, see "mmucheck list machines"')
    .option('--as <form>', 'mermaid or json (as xstate takes it)', 'mermaid')
    .option('--scenario <id>', 'as this scenario runs it')
    .option('--design <id>', 'with the patches of this design')
    .action((name: string, raw) => done(machine(context, name, raw)))

  command('doctor', 'Prints versions, model hash, cores and memory: for bug reports.')
    .option('--json', 'as an object')
    .action((raw) => done(doctor(context, raw)))

  return program
}

const collect = (value: string, all: string[] | undefined): string[] => [...(all ?? []), value]

function addSearchOptions(command: Command): Command {
  return command
    .optionsGroup('What to check:')
    .option('--scenario <file>', 'JSON file with a scenario (repeatable)', collect)
    .option('--design <id|file>', 'design, or JSON file with one (repeatable; upstream)', collect)
    .option('--property <id>', 'this property; deadlock and faults besides (repeatable)', collect)
    .optionsGroup('How to search everything:')
    .option('--reduce <how>', 'none, symmetry, por (partial order) or all (all)')
    .option('--self-check', 'search without reduction too, and fail (70) if they differ')
    .option('--storage <how>', 'exact, or fingerprint: some bits per state (exact)')
    .option('--fingerprint-bits <n>', '64, 96 or 128 (64)')
    .option('--workers <n>', 'searches at a time; threads that share a single search')
    .option('--seed <n>', 'seed of hash functions and random choices (1)')
    .optionsGroup('How to search part of it; this finds violations and proves nothing:')
    .option('--search <how>', 'bfs: everything; random, priorities or preemptions (bfs)')
    .option('--walks <n>', 'with random, priorities: walks to make (1000)')
    .option('--bug-depth <d>', 'with priorities: orderings the bug needs (3)')
    .option('--preemptions <k>', 'with preemptions: all behaviours with up to k (2)')
    .optionsGroup('Limits of each search; reaching one is inconclusive:')
    .option('--max-states <n>', 'distinct states')
    .option('--max-depth <n>', 'steps from the beginning')
    .option('--time-limit <s>', 'seconds for all of it, those before a checkpoint too')
    .option('--memory-limit <MiB>', 'of the whole process (nine tenths of what there is)')
    .option('--allow-incomplete', 'exit 0 when inconclusive, and say so')
    .option('--allow-vacuous', 'exit 0 when there was nothing to judge, and say so')
    .optionsGroup('To go on later:')
    .option('--checkpoint <dir>', 'leave checkpoints there, also when interrupted')
    .option('--checkpoint-every <s>', 'seconds between two (60)')
    .option('--resume <dir>', 'go on from those; the rest of the command as before')
    .optionsGroup('What to print:')
    .option('--json [file]', 'the result as JSON, on standard output or to a file')
    .option('--format <name>', 'text (text)')
    .option('--out <dir>', 'folder for counterexamples (out)')
    .option('--quiet', 'only the last line')
    .option('--unicode', 'check marks besides the words')
    .optionsGroup('Other:')
}
