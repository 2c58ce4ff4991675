/* SPDX-License-Identifier: Apache-2.0 */
/* The forbidden program by other names, by descriptors, and where it has no name. */
#include "attempt.h"
#include <sys/prctl.h>
#include <sys/socket.h>

ATTEMPT(plain)
{
	run(EVIL);
}

ATTEMPT(copied)
{
	copy(EVIL, "/work/good");
	run("/work/good");
}

ATTEMPT(symbolic_link)
{
	must(symlink(EVIL, "/work/good"), "symlink");
	run("/work/good");
}

ATTEMPT(symbolic_link_over_allowed)
{
	must(rename(GOOD, "/bin/was"), "rename");
	must(symlink(EVIL, GOOD), "symlink");
	run(GOOD);
}

ATTEMPT(hard_link)
{
	must(link(EVIL, "/work/good"), "link");
	run("/work/good");
}

ATTEMPT(dots)
{
	run("/bin/../work/./../bin/evil");
}

ATTEMPT(relative)
{
	must(chdir("/bin"), "chdir");
	run("./evil");
}

ATTEMPT(argv_zero)
{
	char *const argv[] = {GOOD, NULL};

	run_with(EVIL, argv, environ);
}

static void as_runtime(void)
{
	char *const argv[] = {"runc", "init", NULL};

	prctl(PR_SET_NAME, "runc:[2:INIT]");
	execv(EVIL, argv);
	said("exec", -1);
}

ATTEMPT(named_runc)
{
	in_child(as_runtime);
}

static void as_kubelet(void)
{
	char *const argv[] = {"/usr/bin/kubelet", NULL};

	prctl(PR_SET_NAME, "kubelet");
	copy(EVIL, "/work/kubelet");
	execv("/work/kubelet", argv);
	said("exec", -1);
}

ATTEMPT(named_kubelet)
{
	in_child(as_kubelet);
}

ATTEMPT(proc_root)
{
	run("/proc/self/root/bin/evil");
}

ATTEMPT(proc_fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%ld", must(open(EVIL, O_RDONLY), EVIL));
	run(path);
}

ATTEMPT(by_descriptor)
{
	run_fd(must(open(EVIL, O_RDONLY | O_CLOEXEC), EVIL));
}

ATTEMPT(by_path_descriptor)
{
	run_fd(must(open(EVIL, O_PATH | O_CLOEXEC), EVIL));
}

ATTEMPT(memory)
{
	run_fd(memory_file("x", EVIL));
}

ATTEMPT(memory_by_path)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory_file("x", EVIL));
	run(path);
}

static int sealed(const char *name, const char *content_of)
{
	char path[64];
	int fd = must(memfd_create(name, MFD_ALLOW_SEALING | MFD_CLOEXEC), "memfd_create");

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy(content_of, path);
	must(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), "seal");
	return fd;
}

/* As a runtime copies itself before it enters a container: same name, seals, comm, arguments. */
ATTEMPT(memory_named_runc)
{
	char *const argv[] = {"runc", "init", NULL};
	int fd = sealed("runc_cloned:/proc/self/exe", EVIL);
	pid_t pid = must(fork(), "fork");

	if (pid == 0) {
		prctl(PR_SET_NAME, "runc");
		syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
		said("execveat", -1);
		_exit(126);
	}
	waitpid(pid, NULL, 0);
}

/* A sealed copy of the program that runs now is what a runtime may run, before its first program only. */
ATTEMPT(memory_of_itself)
{
	char *const argv[] = {"try", "says", NULL};
	int fd = sealed("x", "/proc/self/exe");
	pid_t pid = must(fork(), "fork");

	if (pid == 0) {
		syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
		said("execveat", -1);
		_exit(126);
	}
	waitpid(pid, NULL, 0);
}

ATTEMPT(memory_without_name)
{
	char path[64];
	int copied, fd = open("/work", O_TMPFILE | O_RDWR, 0755);

	if (fd < 0)
		unsupported("O_TMPFILE");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy(EVIL, path);
	copied = must(open(path, O_RDONLY), path);
	close(fd); /* what is open for writing cannot be run */
	run_fd(copied);
}

ATTEMPT(deleted)
{
	int fd;

	copy(EVIL, "/work/good");
	fd = must(open("/work/good", O_RDONLY | O_CLOEXEC), "open");
	must(unlink("/work/good"), "unlink");
	run_fd(fd);
}

/* The allowed file is put where the deleted one was. */
ATTEMPT(deleted_and_replaced)
{
	int fd;

	copy(EVIL, "/work/good");
	fd = must(open("/work/good", O_RDONLY | O_CLOEXEC), "open");
	must(unlink("/work/good"), "unlink");
	copy(GOOD, "/work/good");
	run_fd(fd);
}

ATTEMPT(two_hundred_levels)
{
	must(chdir("/work"), "chdir");
	for (int i = 0; i < 200; i++) {
		must(mkdir("d", 0755), "mkdir");
		must(chdir("d"), "chdir");
	}
	copy(EVIL, "good");
	run("./good");
}

/* Longer than any path that can be asked for; its last bytes spell an allowed one. */
ATTEMPT(path_of_five_thousand_bytes)
{
	char name[251];

	memset(name, 'n', 250);
	name[250] = 0;
	must(chdir("/work"), "chdir");
	for (int i = 0; i < 20; i++) {
		must(mkdir(name, 0755), "mkdir");
		must(chdir(name), "chdir");
	}
	must(mkdir("bin", 0755), "mkdir");
	copy(EVIL, "bin/good");
	run("bin/good");
}

ATTEMPT(odd_bytes)
{
	static const char *const names[] = {"/work/good\n", "/work/good ",  "/work/\xffgood",	"/work/\001",
					    "/work/good/",  "/work/..good", "/work/\x1b[2Jgood"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s", names[i]);
		if (path[strlen(path) - 1] == '/') {
			must(mkdir(path, 0755), path);
			strcat(path, "good");
		}
		copy(EVIL, path);
		run(path);
	}
}

ATTEMPT(set_user_id)
{
	run("/bin/evil-setuid");
}

ATTEMPT(descriptor_from_outside)
{
	run_fd(6);
}

/* The descriptor comes over a socket, from a process in another root. */
ATTEMPT(descriptor_over_socket)
{
	int pair[2], fd = 6;
	char byte = 0, space[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec io = {&byte, 1};
	struct msghdr message = {
		.msg_iov = &io, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
	struct cmsghdr *control = CMSG_FIRSTHDR(&message);

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(control), &fd, sizeof(fd));
	must(sendmsg(pair[0], &message, 0), "sendmsg");
	close(6);
	must(recvmsg(pair[1], &message, 0), "recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	run_fd(fd);
}
