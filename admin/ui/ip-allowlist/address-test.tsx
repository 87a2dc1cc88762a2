/**
 * "Would this address be allowed?": for anyone in the practice, or for one person.
 *
 * It asks about the saved list and changes nothing. Invariant: the answer is the API's own sentence, made by the same
 * gates that decide; nothing is worked out here.
 */
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { Icon } from '../parts/icons.tsx'
import { usePractice } from '../practice.ts'
import { problemAt, problemOf } from '../problem.ts'
import { peopleQuery } from '../queries.ts'

/** The box. */
export function AddressTest() {
  const practice = usePractice()
  const { data: people } = useQuery(peopleQuery(practice.id))
  const [address, setAddress] = useState('')
  const [user, setUser] = useState('')
  const test = useMutation({
    mutationFn: () =>
      parseResponse(
        api.practices[':practice']['ip-entries'].test.$post({
          param: { practice: practice.id },
          json: { address, user: user === '' ? null : user },
        }),
      ),
  })
  const problem = test.isError ? problemOf(test.error) : null
  const atField = problemAt(problem, 'address') ?? problem?.detail ?? null
  const passes = test.data !== undefined && (test.data.listed || !test.data.inScope)
  return (
    <section className="gh-card" aria-labelledby="test-title">
      <div className="gh-card-head">
        <h2 id="test-title">Test an address</h2>
      </div>
      <form
        className="gh-test"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          test.mutate()
        }}
      >
        <TextInput
          label="Address"
          placeholder="203.0.113.7"
          value={address}
          error={atField}
          spellCheck={false}
          autoComplete="off"
          maxLength={64}
          onChange={(event) => setAddress(event.currentTarget.value)}
        />
        <NativeSelect label="For" value={user} onChange={(event) => setUser(event.currentTarget.value)}>
          <option value="">Anyone in the practice</option>
          {(people?.members ?? []).map((member) => (
            <option key={member.user} value={member.user}>
              {member.name}
            </option>
          ))}
        </NativeSelect>
        <Button type="submit" variant="default" loading={test.isPending}>
          Test address
        </Button>
      </form>
      <div aria-live="polite">
        {test.data !== undefined && (
          <p className={`gh-answer ${passes ? 'gh-tone-good' : 'gh-tone-bad'}`}>
            <Icon name={passes ? 'check' : 'cross'} />
            <span>{test.data.sentence}</span>
          </p>
        )}
      </div>
    </section>
  )
}
