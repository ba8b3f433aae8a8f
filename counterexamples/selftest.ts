import { headingOf } from './call-stack.ts'
import { raceDiagram, reproduce } from './diagram.ts'
import { footer } from './footer.ts'
import type { Replayed, ReplayedStep } from './replay.ts'
import { stepText } from './rows.ts'
import { wrap } from './text-layout.ts'

/** Consecutive steps of one thread. */
interface Turn {
  readonly number: number
  readonly steps: readonly ReplayedStep[]
}

/** Columns of a comment in the body of a function. */
const COLUMNS = 68

/**
 * A skeleton of a KVM selftest in C: a thread for each thread of the trace, which takes its turns in the order of the
 * schedule, with the calls that start the kernel's code, the steps of each turn as comments, and the places where a delay
 * in the kernel has to widen the race. It compiles against the selftest headers, and is no test yet.
 */
export function selftestText(replayed: Replayed): string {
  const { counterexample, property } = replayed
  const turns = turnsOf(replayed.steps)
  const names = [...new Set(turns.map(({ steps }) => steps[0].thread.name))]
  const lines = [
    '// SPDX-License-Identifier: GPL-2.0',
    '/*',
    ` * SKELETON of a test for ${inComment(property.id)}, made from ${counterexample.id} by mmucheck.`,
    ' *',
    ' * It is not a test: it sets up no guest code, and userspace cannot order what',
    ' * happens inside the kernel. Each WIDEN names a place where the kernel must be',
    ' * delayed (a kprobe, or an mdelay() patched in) until the turn that follows.',
    ' *',
    ...[...raceDiagram(replayed), '', ...reproduce(replayed), ...footer(replayed)].map((line) =>
      ` * ${inComment(line)}`.trimEnd(),
    ),
    ' */',
    '#include <pthread.h>',
    '#include <sched.h>',
    '#include <stdatomic.h>',
    '#include <string.h>',
    '#include <sys/mman.h>',
    '',
    '#include "kvm_util.h"',
    '#include "processor.h"',
    '#include "test_util.h"',
    '',
    '#define SLOT 10',
    '#define GPA 0x10000000ul',
    '',
    'static struct kvm_vm *vm;',
    'static void *hva;',
    'static unsigned long bitmap[1];',
    '',
    '/* The turn that runs. Threads take their turns in the order of the trace. */',
    'static atomic_int turn;',
    '',
    'static void wait_for_turn(int number)',
    '{',
    '\twhile (atomic_load(&turn) < number)',
    '\t\tsched_yield();',
    '}',
    '',
    'static void end_turn(int number)',
    '{',
    '\tatomic_store(&turn, number + 1);',
    '}',
    '',
    ...names.flatMap((name) => threadLines(replayed, name, turns)),
    ...mainLines(names),
  ]
  return `${lines.join('\n')}\n`
}

function turnsOf(steps: readonly ReplayedStep[]): Turn[] {
  const turns: ReplayedStep[][] = []
  for (const step of steps) {
    const last = turns.at(-1)
    if (last?.[0].thread === step.thread) last.push(step)
    else turns.push([step])
  }
  return turns.map((own, number) => ({ number, steps: own }))
}

const functionOf = (name: string): string => `${name.replace(/\W/g, '_')}_main`

function threadLines(replayed: Replayed, name: string, turns: readonly Turn[]): string[] {
  const own = turns.filter(({ steps }) => steps[0].thread.name === name)
  const [{ steps }] = own
  const { kind } = steps[0].thread.program
  const trigger = replayed.triggers?.[kind] ?? null
  const call =
    trigger === null
      ? `/* TODO: start ${inComment(kind)} */`
      : `${trigger};`.replace(/ (\/\*.*\*\/);$/, '; $1')
  const last = turns.length - 1
  const isSplit = own.length > 1
  const first = own[0].number
  return [
    `static void *${functionOf(name)}(void *arg)`,
    '{',
    ...(/\bvcpu\b/.test(call) ? ['\tstruct kvm_vcpu *vcpu = arg;', ''] : []),
    `\twait_for_turn(${first});`,
    ...turnComment(replayed, own[0], first === last),
    // The call continues in the thread's next turn: the one in between has to begin while it is delayed.
    ...(isSplit ? [`\tend_turn(${first});`, `\t${call}`] : [`\t${call}`, `\tend_turn(${first});`]),
    '',
    ...own
      .slice(1)
      .flatMap((turn) => [
        `\twait_for_turn(${turn.number});`,
        ...turnComment(
          replayed,
          turn,
          turn.number === last,
          'The rest of the call above, or TODO: another one.',
        ),
        `\tend_turn(${turn.number});`,
        '',
      ]),
    '\treturn NULL;',
    '}',
    '',
  ]
}

/** The steps of a turn, and where the kernel has to wait at its end. */
function turnComment(
  replayed: Replayed,
  { number, steps }: Turn,
  isLast: boolean,
  ...lines: string[]
): string[] {
  let where: string | null = null
  for (const step of steps) {
    const fn = headingOf(step.located.step.about)
    if (fn !== where && fn !== null) lines.push(`${fn.replace(/:$/, '')}:`)
    where = fn
    lines.push(...wrap(stepText(replayed, step), COLUMNS - 2, 2).map((line) => `  ${line}`))
  }
  const last = steps[steps.length - 1]
  const fn = headingOf(last.located.step.about)?.replace(/:$/, '') ?? last.thread.name
  const widen = `WIDEN ${number}: in ${fn}, after "${stepText(replayed, last)}", until turn ${number + 1} has ended.`
  const end = isLast ? [`BUG: ${replayed.property.id}`] : wrap(widen, COLUMNS, 2)
  return ['\t/*', ...[...lines, '', ...end].map((line) => `\t * ${inComment(line)}`.trimEnd()), '\t */']
}

function mainLines(names: readonly string[]): string[] {
  return [
    'static void guest_code(void)',
    '{',
    '\t/* TODO: the accesses that the vCPUs make in the diagram. */',
    '\tGUEST_DONE();',
    '}',
    '',
    'int main(int argc, char *argv[])',
    '{',
    `\tstruct kvm_vcpu *vcpus[${names.length}];`,
    `\tpthread_t threads[${names.length}];`,
    '\tint i;',
    '',
    `\tvm = vm_create_with_vcpus(${names.length}, guest_code, vcpus);`,
    '\tvm_userspace_mem_region_add(vm, VM_MEM_SRC_ANONYMOUS, GPA, SLOT, 1, 0);',
    '\thva = addr_gpa2hva(vm, GPA);',
    '\tmemset(bitmap, 0, sizeof(bitmap));',
    '',
    ...names.map((name, n) => `\tpthread_create(&threads[${n}], NULL, ${functionOf(name)}, vcpus[${n}]);`),
    `\tfor (i = 0; i < ${names.length}; i++)`,
    '\t\tpthread_join(threads[i], NULL);',
    '',
    '\t/* TODO: TEST_ASSERT() what the property says. */',
    '\tkvm_vm_free(vm);',
    '\treturn 0;',
    '}',
  ]
}

/** A text that cannot end the comment that it stands in. */
const inComment = (text: string): string =>
  text.replaceAll('*/', '* /').replaceAll('/*', '/ *').replace(/\\$/, '\\ ')
