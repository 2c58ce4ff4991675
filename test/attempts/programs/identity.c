/* SPDX-License-Identifier: Apache-2.0 */
/* Out of the identity that a policy is about: other cgroups, namespaces, processes. /cgroup is the folder of cgroups that
 * the test has made; `free` has no policy, `lenient` one that allows everything. */
#include "attempt.h"
#include <dirent.h>
#include <linux/sched.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/prctl.h>

static void run_evil(void)
{
	char *const argv[] = {EVIL, NULL};

	execv(EVIL, argv);
	said("exec", -1);
	_exit(126);
}

static void enter(const char *cgroup)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = must(open(path, O_WRONLY), path);
	must(write(fd, "0", 1), path);
	close(fd);
}

ATTEMPT(free_cgroup)
{
	enter("/cgroup/free");
	run(EVIL);
}

ATTEMPT(lenient_cgroup)
{
	enter("/cgroup/lenient");
	run(EVIL);
}

/* By way of a free one, where nothing says any more who it was. */
ATTEMPT(lenient_cgroup_by_detour)
{
	enter("/cgroup/free");
	enter("/cgroup/lenient");
	run(EVIL);
}

ATTEMPT(nested_cgroup)
{
	char path[256];

	snprintf(path, sizeof(path), "/cgroup/%s/nested", arguments[0]);
	must(mkdir(path, 0755), path);
	enter(path);
	run(EVIL);
}

/* Its name says that it is another one's. */
ATTEMPT(nested_cgroup_of_other_name)
{
	char path[256];

	snprintf(path, sizeof(path), "/cgroup/%s/lenient-too", arguments[0]);
	must(mkdir(path, 0755), path);
	enter(path);
	run(EVIL);
}

ATTEMPT(new_lenient_cgroup)
{
	mkdir("/cgroup/lenient-new", 0755);
	enter("/cgroup/lenient-new");
	run(EVIL);
}

static long clone_into(const char *cgroup, uint64_t flags)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP | flags,
		.exit_signal = SIGCHLD,
		.cgroup = must(open(cgroup, O_RDONLY | O_DIRECTORY), cgroup),
	};

	return syscall(SYS_clone3, &args, sizeof(args));
}

ATTEMPT(born_in_free_cgroup)
{
	long pid = clone_into("/cgroup/free", 0);

	if (pid == 0)
		run_evil();
	said("clone3", pid);
	waitpid(must(pid, "clone3"), NULL, 0);
}

ATTEMPT(born_in_lenient_cgroup)
{
	long pid = clone_into("/cgroup/lenient", 0);

	if (pid == 0)
		run_evil();
	waitpid(must(pid, "clone3"), NULL, 0);
}

ATTEMPT(double_fork)
{
	int done[2];
	char byte;

	must(pipe(done), "pipe");
	if (must(fork(), "fork") == 0) {
		setsid();
		if (must(fork(), "fork") == 0) {
			while (getppid() != 1)
				usleep(1000);
			run(EVIL);
			_exit(0);
		}
		_exit(0);
	}
	close(done[1]);
	(void)!read(done[0], &byte, 1);
	while (wait(NULL) > 0)
		;
}

static void generations(int left)
{
	if (left == 0)
		run_evil();
	if (must(fork(), "fork") == 0)
		generations(left - 1);
	while (wait(NULL) > 0)
		;
	_exit(0);
}

ATTEMPT(fifty_generations)
{
	if (must(fork(), "fork") == 0)
		generations(50);
	while (wait(NULL) > 0)
		;
}

ATTEMPT(shared_memory_fork)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl(EVIL, EVIL, NULL);
		_exit(126);
	}
	waitpid(pid, NULL, 0);
}

ATTEMPT(spawned)
{
	char *const argv[] = {EVIL, NULL};
	pid_t pid;

	if (posix_spawn(&pid, EVIL, NULL, NULL, argv, environ) == 0)
		waitpid(pid, NULL, 0);
}

static void *exec_in_thread(void *unused)
{
	(void)unused;
	run_evil();
	return NULL;
}

static void threads(void)
{
	pthread_t thread[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, exec_in_thread, NULL);
	pause();
}

ATTEMPT(threads_that_exec)
{
	in_child(threads);
}

/* A leader that has ended, and a thread that then execs. */
static void *late_exec(void *unused)
{
	(void)unused;
	usleep(20000);
	run_evil();
	return NULL;
}

static void without_leader(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, late_exec, NULL);
	syscall(SYS_exit, 0);
}

ATTEMPT(thread_without_leader)
{
	in_child(without_leader);
}

static int exec_in_clone(void *unused)
{
	(void)unused;
	run_evil();
	return 0;
}

ATTEMPT(clone_that_shares_everything)
{
	static char stack[65536] __attribute__((aligned(16)));
	int pid = must(clone(exec_in_clone, stack + sizeof(stack),
			     CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | SIGCHLD, NULL),
		       "clone");

	waitpid(pid, NULL, 0);
}

ATTEMPT(all_namespaces)
{
	must(unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID |
		     CLONE_NEWCGROUP),
	     "unshare");
	in_child(run_evil);
}

ATTEMPT(user_and_pid_namespace)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWPID))
		unsupported("user namespaces");
	in_child(run_evil);
}

/* Every namespace of a host process, then its root. */
ATTEMPT(namespaces_of_host)
{
	static const char *const names[] = {"uts", "ipc", "net", "cgroup", "pid", "mnt"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%s/ns/%s", arguments[0], names[i]);
		said(path, setns(must(open(path, O_RDONLY), path), 0));
	}
	if (must(fork(), "fork") == 0) {
		char *const argv[] = {"program", NULL};

		execv(arguments[1], argv);
		said(arguments[1], -1);
		_exit(126);
	}
	wait(NULL);
}

/* More programs at listed paths than a subject's share of rows, then the forbidden one. */
ATTEMPT(flood_of_images)
{
	int count = atoi(arguments[0]);
	char path[64];

	copy(GOOD, "/tmp/program");
	for (int i = 0; i < count; i++) {
		pid_t pid;

		snprintf(path, sizeof(path), "/tmp/%d", i);
		must(link("/tmp/program", path), "link");
		pid = vfork();
		if (pid == 0) {
			execl(path, path, NULL);
			_exit(126);
		}
		waitpid(pid, NULL, 0);
		unlink(path);
	}
	run(EVIL);
}

/* Many processes at once, then the forbidden program from the last. */
ATTEMPT(flood_of_processes)
{
	int count = atoi(arguments[0]);
	pid_t *children = calloc(count, sizeof(*children));

	for (int i = 0; i < count; i++) {
		children[i] = must(fork(), "fork");
		if (children[i] == 0) {
			pause();
			_exit(0);
		}
	}
	run(EVIL);
	for (int i = 0; i < count; i++)
		kill(children[i], SIGKILL);
	while (wait(NULL) > 0)
		;
}

/* Only the entry point's processes may start /bin/evil here; this process came later. */
ATTEMPT(as_entry_point)
{
	run(EVIL);
}

ATTEMPT(as_entry_point_orphan)
{
	if (must(fork(), "fork") == 0) {
		if (must(fork(), "fork") == 0) {
			setsid();
			while (getppid() != 1)
				usleep(1000);
			run(EVIL);
		}
		_exit(0);
	}
	wait(NULL);
	usleep(200000);
}

ATTEMPT(as_entry_point_of_nested)
{
	char path[256];
	long pid;

	snprintf(path, sizeof(path), "/cgroup/%s/fresh", arguments[0]);
	mkdir(path, 0755);
	pid = clone_into(path, 0);
	if (pid == 0)
		run_evil();
	waitpid(must(pid, "clone3"), NULL, 0);
}
