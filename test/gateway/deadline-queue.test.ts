/**
 * Goal: the queue gives what is due, earliest first, each once, whatever was added and removed before.
 * Method: random sequences of commands against a sorted array.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createDeadlineQueue, type Place } from '../../gateway/deadline-queue.ts'

const command = fc.oneof(
  fc.record({ do: fc.constant('add' as const), at: fc.integer({ min: 0, max: 50 }) }),
  fc.record({ do: fc.constant('remove' as const), nth: fc.nat(30) }),
  fc.record({ do: fc.constant('due' as const), at: fc.integer({ min: 0, max: 50 }) }),
)

it('agrees with a sorted array', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
      const queue = createDeadlineQueue<number>()
      let model: { item: number; at: number; place: Place<number> }[] = []
      const gone: Place<number>[] = []
      let count = 0
      for (const step of commands) {
        if (step.do === 'add') {
          count += 1
          model.push({ item: count, at: step.at, place: queue.add(count, step.at) })
        } else if (step.do === 'remove') {
          const [left] = model.splice(step.nth, 1)
          if (left !== undefined) {
            queue.remove(left.place)
            gone.push(left.place)
          }
          // A place that has left is nobody else's.
          for (const place of gone) queue.remove(place)
        } else {
          const earliest = Math.min(...model.map(({ at }) => at))
          const item = queue.due(step.at)
          if (earliest > step.at) expect(item).toBeNull()
          else {
            const found = model.find((entry) => entry.item === item)
            expect(found?.at).toBe(earliest)
            gone.push(found!.place)
            model = model.filter((entry) => entry !== found)
          }
        }
        expect(queue.size()).toBe(model.length)
        expect(queue.earliest()).toBe(model.length === 0 ? null : Math.min(...model.map(({ at }) => at)))
      }
    }),
    { numRuns: 2_000, seed: 3 },
  )
})
