// SPDX-License-Identifier: Apache-2.0
// Image references: which repository an image comes from, without tag and digest, written in full.

/** The repositories of the meshes are asked for with every container; a cluster has a few hundred images. */
const read = new Map<string, string>()
const mostRead = 1000

/** "istio/proxyv2:1.27" → "docker.io/istio/proxyv2". The first part is a host if it looks like one. */
export function repositoryOf(image: string): string {
  const known = read.get(image)
  if (known !== undefined) return known
  if (read.size >= mostRead) read.clear()
  const found = readRepository(image)
  // An image can be a whole request.
  if (image.length <= 300) read.set(image, found)
  return found
}

function readRepository(image: string): string {
  const named = image.split('@')[0] ?? ''
  const slash = named.lastIndexOf('/')
  const colon = named.indexOf(':', slash + 1)
  const path = colon === -1 ? named : named.slice(0, colon)
  const first = path.split('/')[0] ?? ''
  const hasHost = path.includes('/') && (/[.:]/.test(first) || first === 'localhost')
  if (hasHost) return path.replace(/^index\.docker\.io\//, 'docker.io/')
  return path.includes('/') ? `docker.io/${path}` : `docker.io/library/${path}`
}

/** Repositories are compared whole: "evil.example/istio/proxyv2" is not "docker.io/istio/proxyv2". */
export function imageFrom(image: string, repositories: readonly string[]): boolean {
  const repository = repositoryOf(image)
  return repositories.some((one) => repositoryOf(one) === repository)
}
