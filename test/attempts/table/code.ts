// SPDX-License-Identifier: Apache-2.0
// Code that no exec brings in: mapped, made executable, loaded by the loader.
import { fromImage, paths, type Attempt } from '../attempt.ts'

/** Of a file that is not the image's. */
const mapped = (name: string, tries: string, rest: Partial<Attempt> = {}): Attempt => ({
  ...{ name, tries, needs: ['code'], policy: fromImage(), rule: 'spec.code', decision: 'code' },
  ...rest,
})
/** Of no file, or of a file's pages that were changed. */
const memory = (name: string, tries: string, rest: Partial<Attempt> = {}): Attempt => ({
  ...{ name, tries, needs: ['code'], decision: 'code' },
  ...{ policy: { ...fromImage(), anonymousCode: 'deny' }, rule: 'spec.anonymousCode' },
  ...rest,
})
const withLoader: Partial<Attempt> = {
  arguments: ({ image }) => [image.loader],
  policy: ({ image }) => fromImage(image.loader),
}

export const code: Attempt[] = [
  mapped('mapped-file', 'a written file mapped to be executed'),
  mapped('mapped-shared', 'the same as a shared mapping'),
  mapped('mapped-from-temporary', 'a file on a tmpfs mapped to be executed'),
  mapped('mapped-memory-file', 'a file in memory mapped to be executed'),
  mapped('mapped-deleted', 'an unlinked file mapped to be executed'),
  mapped('mapped-overwritten', 'a library of the image, overwritten'),
  mapped('mapped-then-protected', 'a file mapped to be read, then made executable'),
  mapped('mapped-to-read', 'a file mapped to be read where reading implies executing'),
  mapped('protected-to-read', 'a mapping made readable where reading implies executing'),
  mapped('shared-memory', 'a shared memory segment attached to be executed', {
    policy: { ...fromImage(), anonymousCode: 'deny' },
    rule: 'spec.anonymousCode or spec.code',
  }),
  memory('modified-image-pages', "changed pages of the image's file, made executable"),
  memory('writable-image-pages', "the image's file mapped to be written and executed"),
  memory('executable-made-writable', "executable pages of the image's file, made writable"),
  memory('anonymous', 'anonymous memory mapped to be written and executed'),
  memory('anonymous-shared', 'shared anonymous memory, made executable', {
    rule: 'spec.anonymousCode or spec.code',
  }),
  memory('anonymous-then-protected', 'anonymous memory, made executable'),
  memory('heap', 'the heap, made executable'),
  memory('stack', 'the stack, made executable'),
  memory('own-memory-file', 'its own code, changed through /proc/self/mem', {
    mayLack: 'writing to what may not be written, which kernels since 6.12 may leave to tracers',
  }),
  memory('memory-file-of-child', "a traced child's code, changed through /proc/PID/mem", {
    mayLack: 'the same for tracers, which kernels since 6.12 may refuse as well',
  }),
  mapped('library-from-temporary', 'a library from /tmp'),
  mapped('library-in-memory', 'a library in memory'),
  mapped('library-overwritten', "another file renamed over the image's library"),
  mapped('preloaded', 'LD_PRELOAD'),
  mapped('auditing-library', 'LD_AUDIT'),
  mapped('preloaded-by-file', '/etc/ld.so.preload'),
  mapped('loader', 'a forbidden program as an argument of the listed loader', withLoader),
  mapped('loader-preloads', 'the loader told to load a library first', withLoader),
  mapped('loader-overwritten', 'a forbidden program renamed over the loader', withLoader),
  {
    name: 'loader-not-allowed',
    tries: 'a program of the image by way of a loader that no policy lists',
    needs: ['exec'],
    policy: paths(),
    arguments: ({ image }) => [image.loader],
    rule: 'spec.processes',
  },
]
