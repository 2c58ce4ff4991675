/* SPDX-License-Identifier: Apache-2.0 */
/* /share/secret is not to be read, /share/settings not to be written. */
#include "attempt.h"
#include <linux/io_uring.h>
#include <linux/openat2.h>

#define SECRET "/share/secret"
#define SETTINGS "/share/settings"

/* Ran: its content was read. */
static void read_secret(int fd)
{
	char text[7] = "";

	mark_if("read", fd >= 0 && read(fd, text, 6) == 6 && !strcmp(text, "secret"));
}

ATTEMPT(reads)
{
	read_secret(open(SECRET, O_RDONLY));
}

ATTEMPT(reads_by_openat2)
{
	struct open_how how = {.flags = O_RDONLY};

	read_secret(syscall(SYS_openat2, AT_FDCWD, SECRET, &how, sizeof(how)));
}

ATTEMPT(reads_while_writing)
{
	read_secret(open(SECRET, O_RDWR));
}

ATTEMPT(reads_relative)
{
	must(chdir("/share"), "chdir");
	read_secret(open("secret", O_RDONLY));
}

ATTEMPT(reads_symbolic_link)
{
	must(symlink(SECRET, "/work/s"), "symlink");
	read_secret(open("/work/s", O_RDONLY));
}

ATTEMPT(reads_hard_link)
{
	link(SECRET, "/work/s");
	read_secret(open("/work/s", O_RDONLY));
}

ATTEMPT(reads_renamed)
{
	said("rename", rename(SECRET, "/work/s"));
	read_secret(open("/work/s", O_RDONLY));
}

ATTEMPT(reads_through_proc)
{
	read_secret(open("/proc/self/root" SECRET, O_RDONLY));
}

ATTEMPT(reads_reopened)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%ld", must(open(SECRET, O_PATH), "path"));
	read_secret(open(path, O_RDONLY));
}

ATTEMPT(reads_bind_mounted)
{
	must(mkdir("/work/m", 0755), "mkdir");
	said("mount", mount("/share", "/work/m", NULL, MS_BIND, NULL));
	read_secret(open("/work/m/secret", O_RDONLY));
}

ATTEMPT(reads_in_changed_root)
{
	said("chroot", chroot("/share"));
	read_secret(open("/secret", O_RDONLY));
}

ATTEMPT(reads_in_own_mounts)
{
	must(unshare(CLONE_NEWNS), "unshare");
	must(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	must(mkdir("/work/m", 0755), "mkdir");
	said("mount", mount("/share", "/work/m", NULL, MS_BIND, NULL));
	read_secret(open("/work/m/secret", O_RDONLY));
}

ATTEMPT(reads_by_handle)
{
	struct {
		struct file_handle handle;
		unsigned char bytes[128];
	} file = {.handle.handle_bytes = 128};
	int mount_id, root = must(open("/tmp", O_RDONLY | O_DIRECTORY), "/tmp");

	copy(SECRET, "/tmp/secret");
	if (name_to_handle_at(AT_FDCWD, "/tmp/secret", &file.handle, &mount_id, 0))
		unsupported("handles");
	read_secret(open_by_handle_at(root, &file.handle, O_RDONLY));
}

ATTEMPT(reads_by_io_uring)
{
	struct io_uring_params p = {0};
	int ring = syscall(SYS_io_uring_setup, 4, &p), fd;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	char *queue, *done;

	if (ring < 0)
		unsupported("io_uring");
	queue = mmap(NULL, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		     IORING_OFF_SQ_RING);
	done = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(*cqe), PROT_READ | PROT_WRITE, MAP_SHARED,
		    ring, IORING_OFF_CQ_RING);
	sqe = mmap(NULL, p.sq_entries * sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		   IORING_OFF_SQES);
	must(queue == MAP_FAILED || done == MAP_FAILED || sqe == MAP_FAILED ? -1 : 0, "mmap");
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_OPENAT;
	sqe->flags = IOSQE_ASYNC; /* by a worker of the kernel */
	sqe->fd = AT_FDCWD;
	sqe->addr = (uintptr_t)SECRET;
	*(unsigned *)(queue + p.sq_off.array) = 0;
	__atomic_store_n((unsigned *)(queue + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	must(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0), "io_uring_enter");
	cqe = (void *)(done + p.cq_off.cqes);
	fd = cqe->res;
	if (fd < 0)
		errno = -fd;
	read_secret(fd < 0 ? -1 : fd);
}

static void check_settings(const char *what)
{
	struct stat about;

	must(stat(SETTINGS, &about), "stat");
	mark_if(what, about.st_size != 9);
}

ATTEMPT(writes)
{
	int fd = open(SETTINGS, O_WRONLY);

	if (fd >= 0)
		(void)!write(fd, "longer than it was", 18);
	check_settings("write");
}

ATTEMPT(appends)
{
	int fd = open(SETTINGS, O_WRONLY | O_APPEND);

	if (fd >= 0)
		(void)!write(fd, "x", 1);
	check_settings("append");
}

/* Emptied by opening it to read. */
ATTEMPT(empties_while_reading)
{
	open(SETTINGS, O_RDONLY | O_TRUNC);
	check_settings("open");
}

/* No file is opened. */
ATTEMPT(truncates)
{
	said("truncate", truncate(SETTINGS, 0));
	check_settings("truncate");
}

ATTEMPT(replaces)
{
	write_text("/work/x", "another text\n", 0644);
	said("rename", rename("/work/x", SETTINGS));
	check_settings("rename");
}

/* arguments[0]: a file of the kernel that says which program it starts. It is opened to write; nothing is written. */
ATTEMPT(sets_helper)
{
	int fd;

	if (access(arguments[0], F_OK))
		unsupported(arguments[0]);
	fd = open(arguments[0], O_WRONLY);
	mark_if(arguments[0], fd >= 0);
}

/* arguments[0]: a pin that was made for this. */
ATTEMPT(removes_bpf_pin)
{
	mark_if("unlink", unlink(arguments[0]) == 0);
}
