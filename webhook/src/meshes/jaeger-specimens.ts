// SPDX-License-Identifier: Apache-2.0
// What the Jaeger operator leaves: pods of a Deployment with jaeger-agent beside the application. And instances.

import { app, podOf, type Manifest, type PodParts } from '../specimens.ts'

export const jaegerAgent: Manifest = {
  name: 'jaeger-agent',
  image: 'jaegertracing/jaeger-agent:1.65.0',
  args: [
    '--agent.tags=cluster=undefined,deployment.name=cart',
    '--reporter.grpc.host-port=dns:///traces-collector-headless.shop.svc:14250',
  ],
  ports: [{ containerPort: 6831, name: 'jg-compact-trft', protocol: 'UDP' }],
}

export function jaegerPod(parts: PodParts = {}): Manifest {
  return podOf({ ...parts, containers: [...(parts.containers ?? [app]), jaegerAgent] })
}

export function instanceOf(name: string, namespace = 'shop', spec: Manifest = {}): Manifest {
  return { apiVersion: 'jaegertracing.io/v1', kind: 'Jaeger', metadata: { name, namespace }, spec }
}
