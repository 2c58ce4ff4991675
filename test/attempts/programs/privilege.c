/* SPDX-License-Identifier: Apache-2.0 */
/* What a policy that lists privileges does not list. Each succeeds for root in an ordinary privileged container. */
#include "attempt.h"
#include <linux/bpf.h>
#include <linux/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>

ATTEMPT(mounts)
{
	mark_if("mount", mount("t", "/mnt", "tmpfs", 0, "") == 0);
}

ATTEMPT(mounts_by_descriptor)
{
	int context = syscall(SYS_fsopen, "tmpfs", 0), tree = -1;

	if (context >= 0 && syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		tree = syscall(SYS_fsmount, context, 0, 0);
	mark_if("move_mount", tree >= 0 && syscall(SYS_move_mount, tree, "", AT_FDCWD, "/mnt",
						   MOVE_MOUNT_F_EMPTY_PATH) == 0);
}

ATTEMPT(mounts_a_copy)
{
	int tree = syscall(SYS_open_tree, AT_FDCWD, "/bin", OPEN_TREE_CLONE);

	mark_if("move_mount", tree >= 0 && syscall(SYS_move_mount, tree, "", AT_FDCWD, "/mnt",
						   MOVE_MOUNT_F_EMPTY_PATH) == 0);
}

ATTEMPT(unmounts)
{
	mark_if("umount", umount2("/tmp", MNT_DETACH) == 0);
}

ATTEMPT(remounts)
{
	mark_if("remount", mount("", "/tmp", NULL, MS_REMOUNT | MS_BIND | MS_NOSUID, NULL) == 0);
}

ATTEMPT(pivots)
{
	mark_if("pivot_root",
		chdir("/tmp") == 0 && mkdir("old", 0755) == 0 && syscall(SYS_pivot_root, ".", "old") == 0);
}

ATTEMPT(child_in_user_namespace)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0) {
		mark();
		_exit(0);
	}
	said("clone", pid);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

ATTEMPT(makes_user_namespace)
{
	mark_if("unshare", unshare(CLONE_NEWUSER) == 0);
}

ATTEMPT(makes_bpf_map)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};

	mark_if("bpf", syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)) >= 0);
}

static const struct {
	const char *name;
	int next, take;
} kinds[] = {{"map", BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID},
	     {"program", BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID},
	     {"link", BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID}};

/* The newest object of a kind: with it maps are written, links detached. */
ATTEMPT(takes_bpf_object)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		union bpf_attr attr = {0};
		uint32_t last = 0;

		if (strcmp(kinds[i].name, arguments[0]))
			continue;
		while (syscall(SYS_bpf, kinds[i].next, &attr, sizeof(attr)) == 0)
			attr.start_id = last = attr.next_id;
		memset(&attr, 0, sizeof(attr));
		attr.map_id = last;
		mark_if(arguments[0], last && syscall(SYS_bpf, kinds[i].take, &attr, sizeof(attr)) >= 0);
	}
}

/* arguments[0]: a pin of ours, below the bpffs of the host. */
ATTEMPT(takes_bpf_pin)
{
	union bpf_attr attr = {.pathname = (uintptr_t)arguments[0]};

	mark_if("bpf", syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof(attr)) >= 0);
}

/* Refused for what is in it by kernels that got as far as looking. */
ATTEMPT(loads_module)
{
	static char nothing[4096];

	errno = 0;
	syscall(SYS_init_module, nothing, sizeof(nothing), "");
	if (errno == ENOSYS)
		unsupported("modules");
	mark_if("init_module",
		errno == ENOEXEC || errno == EBADMSG || errno == ENOKEY || errno == EKEYREJECTED);
}

ATTEMPT(loads_module_file)
{
	int fd = must(open(GOOD, O_RDONLY), GOOD);

	errno = 0;
	syscall(SYS_finit_module, fd, "", 0);
	if (errno == ENOSYS)
		unsupported("modules");
	mark_if("finit_module", errno != EPERM && errno != EACCES);
}

ATTEMPT(uses_capability)
{
	copy(GOOD, "/work/x");
	mark_if("chown", chown("/work/x", 12, 34) == 0);
}

ATTEMPT(changes_root)
{
	mark_if("chroot", chroot("/work") == 0);
}

ATTEMPT(raises_priority)
{
	mark_if("setpriority", setpriority(PRIO_PROCESS, 0, -5) == 0);
}
