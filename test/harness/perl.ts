// SPDX-License-Identifier: Apache-2.0
// System calls that no shell makes, as Perl programs (Perl is part of every Debian): exec by descriptor, exec of a file
// in memory, and a child that is born in another cgroup. Arguments: the file, or the cgroup's folder and the file.
const numbers =
  process.arch === 'arm64' ? { memfd: 279, execveat: 281 } : { memfd: 319, execveat: 322 }
const callExecveat = `
  my ($name, $empty) = ("program", "");
  my $argv = pack("p", $name) . pack("Q", 0);
  my $env = pack("Q", 0);
  syscall(${numbers.execveat}, $fd, $empty, $argv, $env, 0x1000);
  exit 126;`
/** Runs the file by its descriptor, with an empty path. */
export const execveat = `open(my $file, "<", $ARGV[0]) or die; my $fd = fileno($file); $^F = 99; ${callExecveat}`

/** Copies the file into memory and runs it from there. */
export function memfd(how: 'path' | 'execveat'): string {
  const load = `
    my $name = "x"; my $fd = syscall(${numbers.memfd}, $name, 0); die if $fd < 0;
    open(my $in, "<", $ARGV[0]) or die; binmode $in; local $/; my $data = <$in>;
    open(my $out, ">&=", $fd) or die; syswrite($out, $data) == length($data) or die;`
  // It must be open for writing by nobody.
  return `${load} open(my $ro, "<", "/proc/self/fd/$fd") or die; close $out; $fd = fileno($ro);
    require Fcntl; fcntl($ro, Fcntl::F_SETFD(), 0);
    ${how === 'path' ? 'exec {"/proc/self/fd/$fd"} "program"; exit 126;' : callExecveat}`
}

/** clone3 with a cgroup, then the child execs; prints how it ended. */
export const cloneInto = `
  opendir(my $folder, $ARGV[0]) or die; my $fd = fileno($folder); defined $fd or die;
  # flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup
  my $args = pack("Q11", 0x200000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, $fd);
  my $pid = syscall(435, $args, length($args));
  if ($pid == 0) { exec { $ARGV[1] } "program"; syscall(231, 126); }
  die "clone3: $!" if $pid < 0;
  waitpid($pid, 0); print $? & 127 ? 128 + ($? & 127) : $? >> 8, "\\n";`
