/* SPDX-License-Identifier: Apache-2.0 */
/* Starts a container as a runtime does: namespaces, an overlay root, volumes, the cgroup, then its first program.
 *   enter stage FOLDER IMAGE       a mount namespace whose FOLDER is a tmpfs with a copy of IMAGE; lives until its
 *                                  standard input ends, prints "ready"
 *   enter run PID FOLDER CGROUP [-p] [-u UID] [-o OPTIONS] [-b FROM:TO] [-f FILE] PROGRAM ARGUMENT...
 *     PID, FOLDER   of the stage     -p   no pid namespace of its own     -u   not as root
 *     -o   more options of the overlay  -b   a volume                        -f   open FILE as descriptor 6
 *   enter exec PID CGROUP PROGRAM ARGUMENT...   one more program in the container of the process PID
 * Answers as a shell does: the exit status, or 128 and the signal. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *copy_to;
static size_t copy_from_length;

static long must(long result, const char *what)
{
	if (result >= 0)
		return result;
	perror(what);
	exit(1);
}

static char *join(const char *a, const char *b)
{
	char *path;

	must(asprintf(&path, "%s/%s", a, b), "memory");
	return path;
}

static int copy_one(const char *from, const struct stat *about, int type, struct FTW *walk)
{
	char *to = join(copy_to, from + copy_from_length), buffer[65536];
	ssize_t length;
	int in, out;

	(void)walk;
	if (type == FTW_D) {
		mkdir(to, about->st_mode & 07777);
	} else {
		in = must(open(from, O_RDONLY), from);
		out = must(open(to, O_WRONLY | O_CREAT, 0600), to);
		while ((length = read(in, buffer, sizeof(buffer))) > 0)
			must(write(out, buffer, length), to);
		must(fchmod(out, about->st_mode & 07777), to);
		close(in);
		close(out);
	}
	free(to);
	return 0;
}

static int stage(const char *folder, const char *image)
{
	char byte;

	must(unshare(CLONE_NEWNS), "unshare");
	must(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL), "private mounts");
	must(mount("stage", folder, "tmpfs", 0, NULL), "tmpfs");
	copy_to = join(folder, "lower");
	copy_from_length = strlen(image);
	must(nftw(image, copy_one, 16, FTW_PHYS), "copy");
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}

static void overlay(const char *folder, const char *options)
{
	char *own = join(folder, "XXXXXX"), *upper, *work, *all;

	if (!mkdtemp(own))
		must(-1, "mkdtemp");
	chmod(own, 0755);
	upper = join(own, "upper");
	work = join(own, "work");
	must(mkdir(upper, 0755), upper);
	must(mkdir(work, 0755), work);
	must(mkdir(join(own, "root"), 0755), "root");
	must(asprintf(&all, "lowerdir=%s/lower,upperdir=%s,workdir=%s%s%s", folder, upper, work,
		      options ? "," : "", options ? options : ""),
	     "memory");
	must(mount("overlay", join(own, "root"), "overlay", 0, all), "overlay");
	must(chdir(join(own, "root")), "root");
	must(symlink("/proc/self/fd", "dev/fd"), "dev/fd");
}

static void bind(char *volume)
{
	char *to = strchr(volume, ':');

	*to++ = 0;
	must(mount(volume, to + 1, NULL, MS_BIND | MS_REC, NULL), to);
}

static int answer_of(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0), "wait");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int start(int argc, char **argv)
{
	char *folder = argv[1], *cgroup = argv[2], *options = NULL, *volumes[8], *file = NULL;
	int option, count = 0, own_pids = CLONE_NEWPID, uid = 0, procs, stage_ns;
	pid_t pid;

	stage_ns = must(open(join(join("/proc", argv[0]), "ns/mnt"), O_RDONLY | O_CLOEXEC), "stage");
	optind = 3;
	while ((option = getopt(argc, argv, "+pu:o:b:f:")) != -1) {
		if (option == 'p')
			own_pids = 0;
		else if (option == 'u')
			uid = atoi(optarg);
		else if (option == 'o')
			options = optarg;
		else if (option == 'b' && count < 8)
			volumes[count++] = optarg;
		else if (option == 'f')
			file = optarg;
		else
			return 2;
	}
	if (file) {
		int fd = must(open(file, O_RDONLY), file);

		must(dup2(fd, 6), "descriptor 6");
	}
	procs = must(open(join(cgroup, "cgroup.procs"), O_WRONLY | O_CLOEXEC), cgroup);
	must(setns(stage_ns, CLONE_NEWNS), "setns");
	must(unshare(CLONE_NEWNS | CLONE_NEWIPC | own_pids), "unshare");
	must(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL), "private mounts");
	overlay(folder, options);
	while (count > 0)
		bind(volumes[--count]);
	must(mount("tmp", "tmp", "tmpfs", 0, "mode=1777"), "tmp");
	pid = must(fork(), "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		must(setsid(), "setsid"); /* signals to its group stay within */
		must(mount("proc", "proc", "proc", 0, NULL), "proc");
		must(write(procs, "0", 1), "cgroup");
		must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
		must(umount2(".", MNT_DETACH), "umount");
		must(chdir("/"), "root");
		if (uid) {
			must(setgid(uid), "setgid");
			must(setuid(uid), "setuid");
		}
		execv(argv[optind], argv + optind);
		perror(argv[optind]);
		_exit(126);
	}
	return answer_of(pid);
}

/* Joins what is there. */
static int join_container(char **argv)
{
	static const char *const names[] = {"ipc", "pid", "mnt"};
	int spaces[3], procs = must(open(join(argv[1], "cgroup.procs"), O_WRONLY | O_CLOEXEC), argv[1]);
	pid_t pid;

	for (int i = 0; i < 3; i++)
		spaces[i] =
			must(open(join(join(join("/proc", argv[0]), "ns"), names[i]), O_RDONLY), names[i]);
	for (int i = 0; i < 3; i++)
		must(setns(spaces[i], 0), names[i]);
	pid = must(fork(), "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		must(setsid(), "setsid");
		must(write(procs, "0", 1), "cgroup");
		execv(argv[2], argv + 2);
		perror(argv[2]);
		_exit(126);
	}
	return answer_of(pid);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "stage"))
		return stage(argv[2], argv[3]);
	if (argc > 5 && !strcmp(argv[1], "run"))
		return start(argc - 2, argv + 2);
	if (argc > 4 && !strcmp(argv[1], "exec"))
		return join_container(argv + 2);
	return 2;
}
