// SPDX-License-Identifier: Apache-2.0
// Something else under an allowed path: other content, another mount, another root.
import { fromImage, paths, type Attempt } from '../attempt.ts'

/** Other content at a listed path: the file is not of the image. */
const content = (name: string, tries: string, rest: Partial<Attempt> = {}): Attempt => ({
  ...{ name, tries, needs: ['exec'], policy: fromImage(), rule: 'spec.code' },
  ...rest,
})
/** Another place that looks like a listed path: it is none. */
const place = (name: string, tries: string, rest: Partial<Attempt> = {}): Attempt => ({
  ...{ name, tries, needs: ['exec'], policy: paths(), rule: 'spec.processes' },
  ...rest,
})

export const mounts: Attempt[] = [
  content('overwritten', 'a listed program, overwritten'),
  content('renamed-over', 'another file renamed over a listed program'),
  content('image-file-renamed-over', "another of the image's programs renamed over a listed one"),
  content('image-file-linked-over', "another of the image's programs linked over a listed one"),
  content(
    'image-folder-renamed-over',
    'a folder of the image renamed over a listed one, uncopied',
    {
      policy: fromImage('/opt/good/**'),
      container: { overlay: 'redirect_dir=on' },
    },
  ),
  content('written-to-temporary', 'a program written to a listed temporary folder', {
    policy: fromImage('/tmp/**'),
    executable: '/tmp/good',
  }),
  content('written-to-volume', 'a program written to a volume at a listed path', {
    policy: fromImage('/volume/**'),
    executable: '/volume/good',
  }),
  content('bind-mount', 'a new file mounted over a listed program'),
  content('tmpfs-over', 'a tmpfs mounted over a folder of listed programs'),
  content('ramfs-over', 'a ramfs mounted over a folder of listed programs'),
  content('overlay-over', 'an overlay with a lower layer of its own over a listed folder'),
  content('moved-mount', 'a mount moved over a folder of listed programs'),
  place('bind-mount-of-image-file', "another of the image's programs mounted over a listed one", {
    policy: fromImage(),
  }),
  place('bind-mount-of-image-folder', 'another folder of the image mounted over a listed one', {
    policy: fromImage('/opt/good/**'),
  }),
  place('detached-mount', 'a file on a mount that is detached', { policy: paths('/**') }),
  place('cloned-tree', 'a file on a cloned mount that is nowhere', { policy: paths('/**') }),
  place('mount-without-place', 'a file on a new file system that is mounted nowhere', {
    policy: paths('/**'),
  }),
  place('own-mount-namespace', 'a mount over a listed program, in a mount namespace of its own'),
  place('own-user-namespace', 'the same without privilege, in a user namespace', {
    container: { user: 1000 },
  }),
  place('changed-root', 'a root in which the listed path is another program'),
  place('changed-root-in-image', 'the same, in a folder of the image', { policy: fromImage() }),
  place('pivoted-root', 'the same by pivot_root'),
  place('root-above', 'out of a changed root again'),
  place('host-mount-namespace', "a listed path of the host's, in the host's mount namespace", {
    policy: ({ image }) => paths(image.evil),
    arguments: ({ image }) => [`${process.pid}`, image.evil],
    container: { hostProcesses: true },
  }),
  place('host-root-through-proc', "a listed path of the host's, by /proc/PID/root", {
    policy: ({ image }) => paths(image.evil),
    arguments: ({ image }) => [`${process.pid}`, image.evil],
    container: { hostProcesses: true },
  }),
]
