// SPDX-License-Identifier: Apache-2.0
// Names that nobody knows: told where they are written, with the one that was meant.
import { describe, expect, it } from 'vitest'
import { load } from './load.ts'
import { formatProblem } from './problem.ts'

const known = { meshes: ['istio', 'linkerd', 'our-own'], findings: ['host-network', 'net-admin'] }
const told = (spec: string) =>
  load(
    [
      {
        file: 'p.yaml',
        text: `apiVersion: underpin.dev/v1alpha1\nkind: CoveragePolicy\nmetadata: { name: a }\nspec:\n${spec}`,
      },
    ],
    { known },
  ).problems.map(formatProblem)
const policy = (meshes: string, more = '') =>
  `  meshes: ${meshes}\n  namespaces: [{ name: all, mode: deny, select: { namespaces: {} } }]\n${more}`

describe('a mesh', () => {
  it('that is known, or a profile of the user, is no problem', () => {
    expect(told(policy('[istio, our-own]'))).toEqual([])
  })
  it('that is misspelt is told with its place and the one that was meant', () => {
    expect(told(policy('[istio, linkred]'))).toEqual([
      'p.yaml:5:19 spec.meshes[1]: found the unknown mesh "linkred", expected one of istio, linkerd, our-own (did you mean linkerd?)',
    ])
  })
  it('of a class is looked at as well, and all are told at once', () => {
    const spec =
      '  meshes: [nothing]\n  namespaces: [{ name: all, mode: deny, meshes: [isto], select: { namespaces: {} } }]\n'
    expect(told(spec).map((line) => line.split(' ')[1])).toEqual([
      'spec.meshes[0]:',
      'spec.namespaces[0].meshes[0]:',
    ])
  })
})

describe('a finding', () => {
  const exemptions = (findings: string) =>
    policy(
      '[istio]',
      `  exemptions: [{ owner: o, reason: r, expires: 2030-01-01, namespaces: {}, findings: ${findings} }]\n` +
        '  checks: [{ name: limits, expression: "true", message: m }]\n',
    )
  it('of the catalogue or a check of the policy is known', () => {
    expect(told(exemptions('[host-network, limits]'))).toEqual([])
  })
  it('that nobody knows would forgive nothing', () => {
    expect(told(exemptions('[host-netwrok]'))[0]).toContain('(did you mean host-network?)')
  })
})

it('without a list of names any name is taken, and another type is told once', () => {
  const text = `apiVersion: underpin.dev/v1alpha1\nkind: CoveragePolicy\nmetadata: { name: a }\nspec:\n${policy('[anything]')}`
  expect(load([{ file: 'p', text }]).problems).toEqual([])
  expect(told(policy('[7]'))).toHaveLength(1)
  expect(told(policy('istio'))).toHaveLength(1)
})
