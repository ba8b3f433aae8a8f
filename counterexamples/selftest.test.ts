import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { triggers } from '../model/scenarios/selftest-triggers.ts'
import { selftestText } from './selftest.ts'
import {
  abba,
  lostUpdate,
  replayedOf,
  spinner,
  useAfterFree,
  zapVersusEnter,
} from './testing/small-systems.ts'

/** What the skeleton uses of the selftest headers. */
const KVM_UTIL = `
struct kvm_vm;
struct kvm_vcpu;
struct kvm_vm *vm_create_with_vcpus(unsigned int count, void *guest_code, struct kvm_vcpu *vcpus[]);
enum vm_mem_backing_src_type { VM_MEM_SRC_ANONYMOUS };
void vm_userspace_mem_region_add(struct kvm_vm *vm, enum vm_mem_backing_src_type type, unsigned long gpa,
                                 unsigned int slot, unsigned long pages, unsigned int flags);
void *addr_gpa2hva(struct kvm_vm *vm, unsigned long gpa);
void vm_mem_region_delete(struct kvm_vm *vm, unsigned int slot);
void vm_mem_set_private(struct kvm_vm *vm, unsigned long gpa, unsigned long size);
void kvm_vm_get_dirty_log(struct kvm_vm *vm, int slot, void *log);
void __vm_ioctl(struct kvm_vm *vm, unsigned long cmd, void *arg);
void vcpu_run(struct kvm_vcpu *vcpu);
void kvm_vm_free(struct kvm_vm *vm);
#define GUEST_DONE() do { } while (0)
#define KVM_SET_NR_MMU_PAGES 1ul
#define PAGE_SIZE 4096ul
`

const folder = mkdtempSync(join(tmpdir(), 'mmucheck-selftest-'))
afterAll(() => rmSync(folder, { recursive: true }))
const compiler = ['cc', 'gcc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0)
for (const [name, text] of [
  ['kvm_util.h', KVM_UTIL],
  ['processor.h', ''],
  ['test_util.h', ''],
])
  writeFileSync(join(folder, name), text)

function errorsIn(...codes: readonly string[]): string {
  const files = codes.map((code, n) => {
    const file = join(folder, `test-${n}.c`)
    writeFileSync(file, code)
    return file
  })
  const options = ['-std=gnu11', '-Wall', '-Werror', '-Wno-unused-parameter', '-fsyntax-only', '-I', folder]
  const { status, stderr } = spawnSync(compiler ?? 'cc', [...options, ...files], { encoding: 'utf8' })
  return status === 0 ? '' : stderr
}

describe('the skeleton of a KVM selftest', () => {
  const kinds = Object.entries(triggers)
  const subjects = [zapVersusEnter(), lostUpdate(3), useAfterFree(), abba(), spinner()]

  it.skipIf(compiler === undefined)('compiles against stubs (skipped where there is no C compiler)', () => {
    const codes = subjects.map((small) => selftestText({ ...replayedOf(small), triggers }))
    // Every trigger, in the place of that of a vCPU.
    for (const [, trigger] of kinds)
      codes.push(selftestText({ ...replayedOf(abba()), triggers: { first: trigger } }))
    expect(errorsIn(...codes)).toBe('')
    expect(errorsIn(`${codes[0]}\nint broken(void) { return missing; }`)).toContain('missing')
  })

  it('has a turn for each switch, in the order of the trace', () => {
    const code = selftestText({ ...replayedOf(zapVersusEnter()), triggers })
    expect(code).toContain('SKELETON')
    const turns = [...code.matchAll(/wait_for_turn\((\d+)\)/g)].map(([, turn]) => Number(turn))
    expect(turns.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3])
    expect(code.match(/WIDEN \d/g)).toHaveLength(3)
    expect(code).toContain('vcpu_run(vcpu);')
    expect(code).toContain('/* TODO: start zap */')
  })

  it('takes no text out of its comments', () => {
    const replayed = replayedOf(zapVersusEnter())
    const design = { ...replayed.design, kernel: { function: '*/ int main(void) {', version: '\\' } }
    const code = selftestText({ ...replayed, design })
    const comments = code.replace(/\/\*[\s\S]*?\*\//g, '')
    expect(comments).not.toContain('int main(void)')
  })
})
