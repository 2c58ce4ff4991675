// SPDX-License-Identifier: Apache-2.0
// Finished pods as the App Mesh controller leaves them: with proxyinit, and for the CNI plugin of Fargate.

import { app, podOf, type Manifest, type PodParts } from '../specimens.ts'

export const appMeshEnvoy: Manifest = {
  name: 'envoy',
  image: 'public.ecr.aws/appmesh/aws-appmesh-envoy:v1.29.6.0-prod',
  env: [
    { name: 'APPMESH_VIRTUAL_NODE_NAME', value: 'mesh/shop/virtualNode/cart_shop' },
    { name: 'AWS_REGION', value: 'eu-central-1' },
  ],
  securityContext: { runAsUser: 1337 },
}

export function proxyInit(more: Record<string, string> = {}): Manifest {
  const env = {
    APPMESH_START_ENABLED: '1',
    APPMESH_IGNORE_UID: '1337',
    APPMESH_ENVOY_INGRESS_PORT: '15000',
    APPMESH_ENVOY_EGRESS_PORT: '15001',
    APPMESH_APP_PORTS: '8080',
    APPMESH_EGRESS_IGNORED_IP: '169.254.169.254',
    APPMESH_EGRESS_IGNORED_PORTS: '22',
    APPMESH_ENABLE_IPV6: '1',
    ...more,
  }
  return {
    name: 'proxyinit',
    image: '840364872350.dkr.ecr.us-west-2.amazonaws.com/aws-appmesh-proxy-route-manager:v7-prod',
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    securityContext: { capabilities: { add: ['NET_ADMIN'] } },
  }
}

export function appMeshPod(parts: PodParts = {}, init: Manifest = proxyInit()): Manifest {
  return podOf({
    ...parts,
    containers: [...(parts.containers ?? [app]), appMeshEnvoy],
    initContainers: [...(parts.initContainers ?? []), init],
  })
}

export function appMeshFargatePod(parts: PodParts = {}): Manifest {
  return podOf({
    ...parts,
    labels: { 'eks.amazonaws.com/fargate-profile': 'p', ...parts.labels },
    annotations: {
      'appmesh.k8s.aws/sidecarInjectorWebhook': 'enabled',
      'appmesh.k8s.aws/ports': '8080',
      'appmesh.k8s.aws/egressIgnoredIPs': '169.254.169.254',
      'appmesh.k8s.aws/egressIgnoredPorts': '22',
      'appmesh.k8s.aws/proxyEgressPort': '15001',
      'appmesh.k8s.aws/proxyIngressPort': '15000',
      'appmesh.k8s.aws/ignoredUID': '1337',
      ...parts.annotations,
    },
    containers: [...(parts.containers ?? [app]), appMeshEnvoy],
  })
}
