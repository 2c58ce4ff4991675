// SPDX-License-Identifier: Apache-2.0
// Attacks on Underpin itself, as Perl: each line of Perl answers what a system call answered. One process makes them all, and
// prints "NAME ok" or "NAME ERRNO" for each.
const calls =
  process.arch === 'arm64'
    ? {
        bpf: 280,
        kill: 129,
        tgkill: 131,
        ptrace: 117,
        readv: 270,
        writev: 271,
        prlimit: 261,
        scheduler: 119,
        affinity: 122,
        priority: 140,
        ioprio: 30,
        pages: 238,
        umount: 39,
        mount: 40,
      }
    : {
        bpf: 321,
        kill: 62,
        tgkill: 234,
        ptrace: 101,
        readv: 310,
        writev: 311,
        prlimit: 302,
        scheduler: 144,
        affinity: 203,
        priority: 141,
        ioprio: 251,
        pages: 256,
        umount: 166,
        mount: 165,
      }
/** The same on both architectures. */
const later = { pidfdSend: 424, pidfdOpen: 434, openTree: 428, moveMount: 429, pidfdGet: 438 }

const prelude = `
  use strict; use warnings; no warnings 'syntax'; use Fcntl; our %kept; $| = 1; $^F = 255;
  sub bpf { my ($command, $attr) = @_; syscall(${calls.bpf}, $command, $attr, length $attr) }
  sub get { my ($path) = @_; $path .= "\\0"; bpf(7, pack("p L L", $path, 0, 0)) }
  sub pin { my ($fd, $path) = @_; $path .= "\\0"; bpf(6, pack("p L L", $path, $fd, 0)) }
  sub by_id { my ($kind, $id) = @_; bpf({ program => 13, map => 14, link => 30 }->{$kind}, pack("L L L", $id, 0, 0)) }
  sub info { my ($fd, $size) = @_; my $info = "\\0" x $size; bpf(15, pack("L L P", $fd, $size, $info)); $info }
  sub opened { my ($path, $how) = @_; sysopen(my $file, $path, $how) or return -1; push @{$kept{files}}, $file; 0 }
  sub written { my ($path, $text) = @_; open(my $file, ">", $path) or return -1; syswrite($file, $text) ? 0 : -1 }
  sub yes { $_[0] ? 0 : -1 }
  sub made { my ($name, $answer) = @_; my $error = $! + 0;
    print "$name ", (defined $answer && $answer >= 0 ? "ok" : $error), "\\n"; }
`

export type Attack = readonly [name: string, perl: string]

export const perlOf = (attacks: readonly Attack[]): string =>
  prelude + attacks.map(([name, perl]) => `made("${name}", do { $! = 0; ${perl} });`).join('\n')

/** NAME → "ok" or the error's number. */
export const answersOf = (stdout: string): Map<string, string> =>
  new Map(
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]),
  )

export interface Ids {
  maps: number[]
  programs: number[]
  links: number[]
}

/** Prints the ids of everything that belongs to the pins: also of maps that have no pin. */
export const listIds = (pins: string): string => `${prelude}
  my (%maps, %programs, %links);
  for my $path (glob("${pins}/links/*")) {
    my $fd = get($path); die "$path: $!" if $fd < 0;
    my (undef, $link, $program) = unpack("L3", info($fd, 64));
    $links{$link} = 1; $programs{$program} = 1;
  }
  for my $path (glob("${pins}/programs/*")) { my $fd = get($path); $programs{(unpack("L2", info($fd, 64)))[1]} = 1 }
  for my $path (glob("${pins}/maps/*")) { my $fd = get($path); $maps{(unpack("L2", info($fd, 64)))[1]} = 1 }
  for my $id (keys %programs) {
    my $fd = by_id("program", $id); die "program $id: $!" if $fd < 0;
    my $ids = "\\0" x 512; my $info = pack("x52 L P", 128, $ids) . "\\0" x 64;
    bpf(15, pack("L L P", $fd, length $info, $info)) == 0 or die "info: $!";
    my $count = unpack("x52 L", $info); $maps{$_} = 1 for unpack("L$count", $ids);
    require POSIX; POSIX::close($fd);
  }
  print '{"maps":[', join(",", keys %maps), '],"programs":[', join(",", keys %programs), '],"links":[', join(",", keys %links), ']}';
`

export const byId = ({ maps, programs, links }: Ids): Attack[] => [
  ...maps.map((id) => [`map ${id}`, `by_id("map", ${id})`] as const),
  ...programs.map((id) => [`program ${id}`, `by_id("program", ${id})`] as const),
  ...links.map((id) => [`link ${id}`, `by_id("link", ${id})`] as const),
]

const O_PATH = 0o10000000

/** On pins and their folders: `own` is a folder of the attacker's in the same bpffs. */
export const onPins = (pins: string, own: string): Attack[] => [
  ['get a map', `get("${pins}/maps/control")`],
  ['get a link', `get("${pins}/links/identity_tasks")`],
  ['get a link of a cgroup', `get("${pins}/links/connect4")`],
  ['get a link by a relative path', `chdir("${pins}/links") and get("connect4")`],
  [
    'get a link from a path descriptor',
    `my $d; sysopen($d, "${pins}/links", ${O_PATH}) ? get("/proc/self/fd/" . fileno($d) . "/connect4") : -1`,
  ],
  ['read the iterator', `opened("${pins}/links/identity_tasks", O_RDONLY)`],
  ['read a map', `opened("${pins}/maps/control", O_RDONLY)`],
  ['open the folder', `opened("${pins}/links", O_RDONLY | O_DIRECTORY)`],
  ['unlink a map', `yes(unlink "${pins}/maps/control")`],
  ['unlink a link', `yes(unlink "${pins}/links/connect4")`],
  ['rename a link', `yes(rename "${pins}/links/connect4", "${own}/taken")`],
  ['rename the folder of links', `yes(rename "${pins}/links", "${own}/links")`],
  ['rename the folder of pins', `yes(rename "${pins}", "${own}/pins")`],
  ['rename something over a pin', `yes(rename "${own}/map", "${pins}/maps/control")`],
  ['link a pin elsewhere', `yes(link "${pins}/links/connect4", "${own}/linked")`],
  ['remove the folder', `yes(rmdir "${pins}/links")`],
  ['make a folder', `yes(mkdir "${pins}/links-new")`],
  ['make a symbolic link', `yes(symlink "/", "${pins}/links-old")`],
  ['pin something there', `pin(bpf(0, pack("L5", 2, 4, 4, 1, 0)), "${pins}/links/mine")`],
  ['change permissions', `yes(chmod 0777, "${pins}/links/connect4")`],
  ['change the owner', `yes(chown 1, 1, "${pins}")`],
]

/** What the kernel calls all of our programs by; opened only, not switched. */
export const onSwitches: Attack[] = [
  ['switch off', `opened("/proc/sys/kernel/ftrace_enabled", O_WRONLY)`],
]

/** In the mount namespace where the pins are. */
export const onMounts = (pins: string, bpffs: string): Attack[] => {
  const mount = (from: string, to: string, type: string, flags: number) =>
    `my ($f, $t, $y) = ("${from}\\0", "${to}\\0", "${type}\\0"); syscall(${calls.mount}, $f, $t, $y, ${flags}, 0)`
  const umount = (path: string) => `my $p = "${path}\\0"; syscall(${calls.umount}, $p, 2)`
  return [
    ['unmount', umount(bpffs)],
    ['unmount what is below', umount('/sys')],
    ['mount over the pins', mount('tmpfs', pins, 'tmpfs', 0)],
    ['mount over bpffs', mount('tmpfs', bpffs, 'tmpfs', 0)],
    ['mount over /sys/fs', mount('tmpfs', '/sys/fs', 'tmpfs', 0)],
    ['mount over /sys', mount('tmpfs', '/sys', 'tmpfs', 0)],
    ['move the mount', mount(bpffs, '/mnt', 'none', 0x2000)],
    ['remount read-only', mount('bpf', bpffs, 'bpf', 0x20 | 1)],
    [
      'move the mount by a descriptor',
      `my ($p, $e, $t) = ("${bpffs}\\0", "\\0", "/mnt\\0"); my $fd = syscall(${later.openTree}, -100, $p, 0);
       syscall(${later.moveMount}, $fd, $e, -100, $t, 4)`,
    ],
  ]
}

/** On a process. SIGKILL comes last. */
export const onProcess = (pid: number): Attack[] => [
  ['stop', `syscall(${calls.kill}, ${pid}, 19)`],
  ['terminate a thread', `syscall(${calls.tgkill}, ${pid}, ${pid}, 15)`],
  [
    'kill by a descriptor',
    `my $fd = syscall(${later.pidfdOpen}, ${pid}, 0); syscall(${later.pidfdSend}, $fd, 9, 0, 0)`,
  ],
  ['attach', `syscall(${calls.ptrace}, 16, ${pid}, 0, 0)`],
  ['seize', `syscall(${calls.ptrace}, 0x4206, ${pid}, 0, 0)`],
  [
    'read memory',
    `my $b = "\\0" x 8; my $v = pack("P Q", $b, 8); syscall(${calls.readv}, ${pid}, $v, 1, $v, 1, 0)`,
  ],
  [
    'write memory',
    `my $b = "\\0" x 8; my $v = pack("P Q", $b, 8); syscall(${calls.writev}, ${pid}, $v, 1, $v, 1, 0)`,
  ],
  ['open its memory', `opened("/proc/${pid}/mem", O_RDWR)`],
  ['open its memory by a thread', `opened("/proc/${pid}/task/${pid}/mem", O_RDWR)`],
  ['offer it to the out-of-memory killer', `opened("/proc/${pid}/oom_score_adj", O_WRONLY)`],
  [
    'take a descriptor',
    `my $fd = syscall(${later.pidfdOpen}, ${pid}, 0); syscall(${later.pidfdGet}, $fd, 0, 0)`,
  ],
  [
    'limit its processor time',
    `my $l = pack("Q Q", 1, 1); syscall(${calls.prlimit}, ${pid}, 0, $l, 0)`,
  ],
  ['schedule it idle', `my $p = pack("l", 0); syscall(${calls.scheduler}, ${pid}, 5, $p)`],
  ['bind it to a processor', `my $m = pack("Q", 1); syscall(${calls.affinity}, ${pid}, 8, $m)`],
  ['lower its priority', `syscall(${calls.priority}, 0, ${pid}, 19)`],
  ['lower its reading and writing', `syscall(${calls.ioprio}, 1, ${pid}, 3 << 13)`],
  ['kill', `syscall(${calls.kill}, ${pid}, 9)`],
]

/** A signal when a pipe can be read: nothing is refused, and nothing may arrive. */
export const byDescriptor = (pid: number): Attack[] => [
  [
    'kill when something is read',
    `pipe(my $r, my $w) or die; fcntl($r, 8, ${pid}); fcntl($r, 10, 9);
     fcntl($r, F_SETFL, fcntl($r, F_GETFL, 0) | 020000); syswrite($w, "x"); sleep 1; 0`,
  ],
]

/** What a container does to what is its own. `folder` is in bpffs and made by it. */
export const onItsOwn = (folder: string, cgroup: string): Attack[] => [
  ['make a folder', `yes(mkdir "${folder}")`],
  ['make a map', `$kept{map} = bpf(0, pack("L5 x52", 2, 4, 4, 1, 0))`],
  ['pin it', `pin($kept{map}, "${folder}/map")`],
  ['get it by its pin', `get("${folder}/map")`],
  ['get it by its id', `by_id("map", (unpack("L2", info($kept{map}, 64)))[1])`],
  ['open its folder', `opened("${folder}", O_RDONLY | O_DIRECTORY)`],
  [
    'load a program',
    `my ($code, $license) = (pack("H*", "b7000000010000009500000000000000"), "GPL\\0");
     $kept{program} = bpf(5, pack("L L P P L L Q L L x16 L L", 8, 2, $code, $license, 0, 0, 0, 0, 0, 0, 1) . "\\0" x 8)`,
  ],
  [
    'attach it to its cgroup',
    `sysopen(my $c, "${cgroup}", O_RDONLY | O_DIRECTORY) or die "$!";
     $kept{link} = bpf(28, pack("L L L L x48", $kept{program}, fileno($c), 1, 0))`,
  ],
  ['pin the link', `pin($kept{link}, "${folder}/link")`],
  ['get the link by its pin', `get("${folder}/link")`],
  ['get the link by its id', `by_id("link", (unpack("L2", info($kept{link}, 64)))[1])`],
  ['rename a pin', `yes(rename "${folder}/link", "${folder}/link2")`],
  ['change a pin', `yes(chmod 0600, "${folder}/link2")`],
  ['detach the link', `bpf(34, pack("L", $kept{link}))`],
  ['unlink the pins', `yes(unlink("${folder}/link2", "${folder}/map") == 2)`],
  ['remove the folder', `yes(rmdir "${folder}")`],
  ['kill a child', `my $c = fork; if (!$c) { sleep 100; exit } syscall(${calls.kill}, $c, 9)`],
  [
    'trace a child',
    `my $c = fork; if (!$c) { sleep 100; exit } syscall(${calls.ptrace}, 0x4206, $c, 0, 0x100000)`,
  ],
  [
    'freeze a cgroup of its own',
    `mkdir "${cgroup}/below"; written("${cgroup}/below/cgroup.freeze", 1)`,
  ],
]
