import { expect, test } from 'vitest'
import { abandon, fulfil, meet, sharedMemory, WISH, wish, wishes } from './shared-memory.ts'

test('nobody waits for a worker that is lost', () => {
  const memory = sharedMemory(2, 1, 2)
  abandon(memory)
  expect(() => meet(memory)).toThrow('another worker is lost')
})

test('those who meet hear of all wishes, until they are fulfilled', () => {
  const memory = sharedMemory(1, 1, 2)
  expect(meet(memory)).toBe(0)
  wish(memory, WISH.growth)
  wish(memory, WISH.stop)
  expect(meet(memory)).toBe(WISH.growth | WISH.stop)
  fulfil(memory, WISH.growth)
  expect([wishes(memory), meet(memory)]).toEqual([WISH.stop, WISH.stop])
})
