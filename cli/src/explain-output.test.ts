// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { catalogue, explain, type FindingId } from '../../webhook/src/index.ts'
import { explanationLines, findingJson, findingPage } from './explain-output.ts'
import { manifests } from './scan-output/specimen-report.ts'

const plain = (_: string, text: string) => text
const { subjects } = explain([{ file: 'shop.yaml', text: manifests }], { today: '2026-11-21' })
const [cart, hostile, fine] = subjects.map((one) => explanationLines(one, plain).join('\n'))

describe('a workload', () => {
  it('begins with the answer, and marks the rule that decided', () => {
    expect(cart).toMatch(
      /^Deployment\/shop\/cart\n {2}written +shop.yaml:8\n {2}namespace +shop \(istio-injection=enabled\)/,
    )
    expect(cart).toMatch(
      /istio {2}not-injected {2}host-network .*\n {2}hostNetwork is true.*\n.*shop.yaml:15 .*\n {2}→ /,
    )
    expect(cart?.match(/▶/g)).toHaveLength(1)
    expect(cart).toMatch(
      /▶ yes .*host-network\n +spec.template.spec.hostNetwork: true\n +this decides/,
    )
  })
  it('names the source of every rule that was asked', () => {
    const notes = [...(cart ?? '').matchAll(/ \[(\d+)\]/g)].map(([, note]) => note)
    for (const note of notes) expect(cart).toContain(`\n    [${note}] `)
  })
  it('tells of each webhook once, with what becomes of it, and each gate by what is asked there', () => {
    const calls = [...(cart ?? '').matchAll(/^ {4}webhook (\S+) \(.*\): (.*)$/gm)]
    expect(calls.map(([, name, outcome]) => [name, outcome])).toEqual([
      ['rev.namespace.sidecar-injector.istio.io', 'not called'],
      ['rev.object.sidecar-injector.istio.io', 'not called'],
      ['namespace.sidecar-injector.istio.io', 'called'],
      ['object.sidecar-injector.istio.io', 'not called'],
    ])
    const gates = [...(fine ?? '').matchAll(/^ {2}(API server|Injector|Pod): /gm)]
    expect(gates.map(([, gate]) => gate)).toEqual(['Pod', 'API server', 'Injector', 'Pod'])
    const lines = (fine ?? '').split('\n').filter((line) => /^ {2}(API|Inj|Pod)/.test(line))
    expect(new Set(lines).size).toBe(lines.length)
    expect(fine).not.toContain('nothing found against it')
  })
  it('says so when nothing stands against it', () => {
    expect(fine).toContain('istio  covered')
    expect(fine).toContain('Nothing stands against it.')
    expect(fine).not.toContain('▶')
  })
  it('tells a terminal nothing', () => {
    // eslint-disable-next-line no-control-regex -- the point is to find them
    expect(hostile).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  })
})

describe('a finding', () => {
  it.each(Object.keys(catalogue) as FindingId[])('%s has its page', (id) => {
    const page = findingPage(id, plain).join('\n')
    expect(page).toContain(catalogue[id].title)
    expect(page).toContain(catalogue[id].remedy)
    expect(page).not.toContain('undefined')
    expect(findingJson(id)).toMatchObject({ id, severity: catalogue[id].severity })
  })
})
