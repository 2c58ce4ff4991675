// SPDX-License-Identifier: Apache-2.0
// The quick reader and the full one agree: on whatever the quick one reads, value and places are the same.
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { parseDocuments } from '../../../policies/src/index.ts'
import { kubernetesDialect } from './document-text.ts'
import { readPlainYaml, type Mark } from './plain-yaml.ts'

// The machine may be busy with other tests.
vi.setConfig({ testTimeout: 60_000 })

const full = (text: string) => {
  const documents = parseDocuments(text, kubernetesDialect)
  return { documents, clean: documents.every(({ misprints }) => misprints.length === 0) }
}

const sample = `# Source: shop/templates/cart.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart   # the name
  labels: {app: cart, "tier": 'front', n: 5}
  annotations:
    "traffic.sidecar.istio.io/excludeOutboundPorts": "5432"
    it's: 'it''s'
    note: |-
      several
        lines

      of text
    kept: |+
      text

spec:
  replicas: 0x10
  empty:
  on: yes
  template:
    spec:
      hostNetwork: on
      containers:
      - name: app
        image: registry.example/shop/cart:1
        args: [--port=80, "-v", 'x', ~]
        env:
          - { name: A, value: "1\\n\\"2\\"" }
          -
            name: B
            value: http://x.example/#a
          - - nested
            - - lists
            -
        url: a:b
      - name: other
        command:
        - sh
        - -c
        - |
          echo hello: world # no comment
          exit 0
`

/** Lines of the sample, moved, cut, doubled, with foreign characters in them. */
const damaged = fc
  .array(
    fc.record({
      at: fc.nat(sample.length),
      cut: fc.nat(6),
      insert: fc.oneof(
        fc.constantFrom(
          ...' \n\t:-#\'"[]{},|>&*!?%@`~<',
          '\r',
          '\n  ',
          '\n- ',
          ': ',
          '---\n',
          '...\n',
        ),
        fc.constantFrom(
          '\n\n',
          '  ',
          'yes',
          '0777',
          '1_0',
          '.5',
          '<<: ',
          '__proto__: ',
          '|2-',
          '>-',
        ),
        fc.string({ maxLength: 3, unit: 'binary' }),
      ),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((changes) =>
    changes.reduce(
      (text, { at, cut, insert }) => text.slice(0, at) + insert + text.slice(at + cut),
      sample,
    ),
  )

const runs = Number(process.env.UNDERPIN_FUZZ_RUNS ?? 1500)

describe('ordinary YAML', () => {
  it('is read as the full reader reads it', () => {
    const read = readPlainYaml(sample)
    expect(read).not.toBeNull()
    expect(read?.value).toEqual(full(sample).documents[0]?.value)
    expect(read?.value).toMatchObject({
      spec: { replicas: 16, empty: null, on: true, template: { spec: { hostNetwork: true } } },
    })
  })

  it('damaged in any way is either left to the full reader or read as it does', () => {
    fc.assert(
      fc.property(damaged, (text) => {
        const read = readPlainYaml(text)
        if (read === null) return
        const { documents, clean } = full(text)
        expect(clean).toBe(true)
        expect(documents.length).toBeLessThanOrEqual(1)
        expect(read.value).toEqual(documents[0]?.value ?? null)
      }),
      { numRuns: runs },
    )
  })

  it('is not left to the full reader without need', () => {
    const left = fc.sample(damaged, { numRuns: 300, seed: 5 }).filter((text) => {
      return readPlainYaml(text) === null && full(text).clean
    })
    expect(left.length).toBeLessThan(150)
  })

  it('has the same places', () => {
    const [document] = full(sample).documents
    const root: Mark = { at: 0, name: null, below: new Map() }
    readPlainYaml(sample, root)
    const lineOf = (offset: number) => sample.slice(0, offset).split('\n').length
    let compared = 0
    const compare = (mark: Mark, path: (string | number)[]) => {
      for (const [key, below] of mark.below) {
        const here = [...path, key]
        expect([here, lineOf(below.at)]).toEqual([here, document?.placeOf(here).line])
        compared += 1
        compare(below, here)
      }
    }
    compare(root, [])
    expect(compared).toBeGreaterThan(45)
  })
})
