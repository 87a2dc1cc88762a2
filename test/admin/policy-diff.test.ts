/**
 * Goal: a difference names exactly what changed, by the ids people know.
 * Method: pairs of small values.
 */
import { expect, test } from 'vitest'
import { differenceOf } from '../../admin/policy-diff.ts'

test('equal values differ in nothing, whatever the order of their keys', () => {
  expect(differenceOf({ a: 1, b: [{ id: 'x' }] }, { b: [{ id: 'x' }], a: 1 })).toBeNull()
})

test('fields are named by path, list members by id', () => {
  const before = {
    controls: { ip: { mode: 'off' } },
    list: [
      { id: 'a', on: true },
      { id: 'b', on: true },
    ],
  }
  const after = {
    controls: { ip: { mode: 'enforce' } },
    list: [
      { id: 'c', on: true },
      { id: 'a', on: false },
    ],
  }
  expect(differenceOf(before, after)).toEqual({
    before: { 'controls.ip.mode': 'off', 'list[a].on': true, 'list[b]': { id: 'b', on: true } },
    after: { 'controls.ip.mode': 'enforce', 'list[a].on': false, 'list[c]': { id: 'c', on: true } },
    more: 0,
  })
})

test('inserting at the front is one change, re-ordering is one change', () => {
  const list = [{ id: 'a' }, { id: 'b' }]
  expect(differenceOf({ list }, { list: [{ id: 'z' }, ...list] })?.after).toEqual({ 'list[z]': { id: 'z' } })
  expect(differenceOf({ list }, { list: [...list].reverse() })).toMatchObject({
    before: { 'list.order': ['a', 'b'] },
    after: { 'list.order': ['b', 'a'] },
  })
})

test('plain lists and types that change are replaced whole', () => {
  expect(
    differenceOf({ days: ['mon'], scope: 'everyone' }, { days: ['mon', 'tue'], scope: { roles: [] } }),
  ).toEqual({
    before: { days: ['mon'], scope: 'everyone' },
    after: { days: ['mon', 'tue'], scope: { roles: [] } },
    more: 0,
  })
})

test('at most a thousand changes are listed, the rest is counted', () => {
  const list = Array.from({ length: 1_200 }, (_, n) => ({ id: `n${n}` }))
  const difference = differenceOf({ list: [] }, { list })
  expect(Object.keys(difference?.after ?? {})).toHaveLength(1_000)
  expect(difference?.more).toBe(200)
})
