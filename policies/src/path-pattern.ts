// SPDX-License-Identifier: Apache-2.0
// Paths of executables: exact ("/usr/bin/node"), or a directory and everything below it ("/usr/lib/git-core/**").
// The kernel compares resolved paths byte by byte, so a pattern must be written as the kernel would print it.
import { complain, insist, shown, type Complaint } from './complaint.ts'

/** `below` matches what is strictly below the directory `path`; "/" is the root. */
export type PathPattern = { kind: 'exact' | 'below'; path: string }

export const maxPathBytes = 4096
export const maxDirectoryDepth = 16

const forms = 'an absolute path such as /usr/bin/node or /usr/lib/git-core/**'

export function readPathPattern(text: string): PathPattern | Complaint {
  const bad = (remedy: string) => complain(shown(text), forms, remedy)
  if (!text.startsWith('/')) return bad('write the whole path, from "/"')
  const bytes = Buffer.byteLength(text)
  if (bytes > maxPathBytes)
    return complain(
      `a path of ${bytes} bytes`,
      `at most ${maxPathBytes}`,
      'name a directory above it',
    )
  // eslint-disable-next-line no-control-regex -- exactly these characters are meant
  if (/[\u0000-\u001f\u007f]/.test(text)) return bad('leave out the control characters')
  if (!text.isWellFormed()) return bad('write valid Unicode')
  const below = text.endsWith('/**')
  const path = text === '/**' ? '/' : below ? text.slice(0, -3) : text
  if (path.includes('*')) return bad('"*" can only be the whole last component, as in /usr/bin/**')
  const components = text === '/' || text === '/**' ? [] : path.slice(1).split('/')
  if (!below && components.length === 0) return bad('write /** for every executable')
  if (components.includes('.') || components.includes('..')) return bad('leave out "." and ".."')
  if (components.includes('') && (path.includes('//') || below))
    return bad('leave out the doubled "/"')
  if (components.includes('')) return bad(`for everything below it write ${text}**`)
  if (below && components.length > maxDirectoryDepth)
    return complain(
      `a directory ${components.length} deep`,
      `at most ${maxDirectoryDepth} components before /**`,
      'name a directory above it, or exact paths',
    )
  return { kind: below ? 'below' : 'exact', path }
}

/** For patterns of a loaded policy. */
export function parsePathPattern(text: string): PathPattern {
  return insist(readPathPattern(text))
}

export function pathMatches({ kind, path: place }: PathPattern, path: string): boolean {
  return kind === 'exact' ? path === place : isBelow(path, place)
}

/** Directories that, moved, take along what the pattern matches; "/" cannot be moved. */
export function directoriesOf({ kind, path }: PathPattern): string[] {
  const components = path.split('/').slice(1, kind === 'exact' ? -1 : undefined)
  return components[0] === ''
    ? []
    : components.map((_, i) => `/${components.slice(0, i + 1).join('/')}`)
}

function isBelow(path: string, directory: string): boolean {
  const start = directory === '/' ? '/' : `${directory}/`
  return path.length > start.length && path.startsWith(start)
}
