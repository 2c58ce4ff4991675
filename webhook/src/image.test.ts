// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { imageFrom, repositoryOf } from './image.ts'

test.each([
  ['redis', 'docker.io/library/redis'],
  ['istio/proxyv2:1.27', 'docker.io/istio/proxyv2'],
  ['docker.io/istio/proxyv2@sha256:ab', 'docker.io/istio/proxyv2'],
  ['index.docker.io/istio/proxyv2', 'docker.io/istio/proxyv2'],
  ['host:5000/a/b:1@sha256:ab', 'host:5000/a/b'],
  ['localhost/a', 'localhost/a'],
])('%s is of %s', (image, repository) => {
  expect(repositoryOf(image)).toBe(repository)
})

test.each([
  ['istio/proxyv2:1', true],
  ['evil.example/istio/proxyv2:1', false],
  ['docker.io/istio/proxyv2-evil', false],
  ['docker.io.evil.example/istio/proxyv2', false],
  ['', false],
])('"%s" from docker.io/istio/proxyv2: %s', (image, expected) => {
  expect(imageFrom(image, ['docker.io/istio/proxyv2'])).toBe(expected)
})
