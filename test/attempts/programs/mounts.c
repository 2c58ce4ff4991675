/* SPDX-License-Identifier: Apache-2.0 */
/* Something else under an allowed path: other content, other mounts, another root. */
#include "attempt.h"
#include <linux/mount.h>

static void copy_over(const char *folder)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/good", folder);
	copy(EVIL, path);
}

ATTEMPT(overwritten)
{
	copy(EVIL, GOOD);
	run(GOOD);
}

ATTEMPT(renamed_over)
{
	copy(EVIL, "/work/x");
	must(rename("/work/x", GOOD), "rename");
	run(GOOD);
}

ATTEMPT(image_file_renamed_over)
{
	must(rename(EVIL, GOOD), "rename");
	run(GOOD);
}

ATTEMPT(image_file_linked_over)
{
	must(unlink(GOOD), "unlink");
	must(link(EVIL, GOOD), "link");
	run(GOOD);
}

/* With redirect_dir=on a folder of the image is renamed without being copied: its files stay in the lower layer. */
ATTEMPT(image_folder_renamed_over)
{
	must(rename("/opt/good", "/opt/was"), "rename");
	must(rename("/opt/evil", "/opt/good"), "rename");
	run("/opt/good/run");
}

ATTEMPT(written_to_temporary)
{
	copy_over("/tmp");
	run("/tmp/good");
}

ATTEMPT(written_to_volume)
{
	copy_over("/volume");
	run("/volume/good");
}

ATTEMPT(bind_mount)
{
	copy(EVIL, "/work/x");
	must(mount("/work/x", GOOD, NULL, MS_BIND, NULL), "mount");
	run(GOOD);
}

/* Both files are of the image. */
ATTEMPT(bind_mount_of_image_file)
{
	must(mount(EVIL, GOOD, NULL, MS_BIND, NULL), "mount");
	run(GOOD);
}

ATTEMPT(bind_mount_of_image_folder)
{
	must(mount("/opt/evil", "/opt/good", NULL, MS_BIND, NULL), "mount");
	run("/opt/good/run");
}

static int mounted_over_bin(const char *type, const char *options)
{
	return mount(type, "/bin", type, 0, options);
}

ATTEMPT(tmpfs_over)
{
	copy(EVIL, "/work/x");
	must(mounted_over_bin("tmpfs", ""), "mount");
	copy("/work/x", GOOD);
	run(GOOD);
}

ATTEMPT(ramfs_over)
{
	copy(EVIL, "/work/x");
	must(mounted_over_bin("ramfs", ""), "mount");
	copy("/work/x", GOOD);
	run(GOOD);
}

/* An overlay of one's own has a lower layer as well. */
ATTEMPT(overlay_over)
{
	must(mount("t", "/mnt", "tmpfs", 0, ""), "tmpfs");
	must(mkdir("/mnt/lower", 0755) | mkdir("/mnt/upper", 0755) | mkdir("/mnt/work", 0755), "mkdir");
	copy_over("/mnt/lower");
	must(mounted_over_bin("overlay", "lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work"),
	     "overlay");
	run(GOOD);
}

ATTEMPT(moved_mount)
{
	must(mount("t", "/mnt", "tmpfs", 0, ""), "tmpfs");
	copy_over("/mnt");
	must(mount("/mnt", "/bin", NULL, MS_MOVE, NULL), "move");
	run(GOOD);
}

ATTEMPT(detached_mount)
{
	int fd;

	must(mount("t", "/mnt", "tmpfs", 0, ""), "tmpfs");
	copy_over("/mnt");
	fd = must(open("/mnt/good", O_RDONLY | O_CLOEXEC), "open");
	must(umount2("/mnt", MNT_DETACH), "umount");
	run_fd(fd);
}

ATTEMPT(cloned_tree)
{
	int tree = syscall(SYS_open_tree, AT_FDCWD, "/bin", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	must(tree, "open_tree");
	run_fd(must(openat(tree, "evil", O_RDONLY), "openat"));
}

ATTEMPT(mount_without_place)
{
	int context = must(syscall(SYS_fsopen, "tmpfs", 0), "fsopen"), tree, file;
	char path[64];

	must(syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "fsconfig");
	tree = must(syscall(SYS_fsmount, context, 0, 0), "fsmount");
	file = must(openat(tree, "good", O_CREAT | O_RDWR, 0755), "openat");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	copy(EVIL, path);
	close(file);
	run_fd(must(openat(tree, "good", O_RDONLY), "openat"));
}

static void in_own_mounts(void)
{
	must(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	must(mount(EVIL, GOOD, NULL, MS_BIND, NULL), "mount");
	run(GOOD);
}

ATTEMPT(own_mount_namespace)
{
	must(unshare(CLONE_NEWNS), "unshare");
	in_own_mounts();
}

/* The same without any privilege: in a user namespace. */
ATTEMPT(own_user_namespace)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		unsupported("user namespaces");
	write_text("/proc/self/setgroups", "deny", 0);
	write_text("/proc/self/uid_map", "0 1000 1", 0);
	in_own_mounts();
}

static void make_root(const char *root)
{
	char path[64];

	must(mkdir(root, 0755), root);
	snprintf(path, sizeof(path), "%s/bin", root);
	must(mkdir(path, 0755), path);
	copy_over(path);
}

ATTEMPT(changed_root)
{
	make_root("/work/root");
	must(chroot("/work/root"), "chroot");
	run(GOOD);
}

/* /opt/evil/bin/good is of the image as well. */
ATTEMPT(changed_root_in_image)
{
	must(chroot("/opt/evil"), "chroot");
	run(GOOD);
}

ATTEMPT(pivoted_root)
{
	must(unshare(CLONE_NEWNS), "unshare");
	must(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	must(mount("t", "/mnt", "tmpfs", 0, ""), "tmpfs");
	make_root("/mnt/root");
	must(mount("/mnt/root", "/mnt/root", NULL, MS_BIND, NULL), "bind");
	must(chdir("/mnt/root"), "chdir");
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "umount");
	must(chdir("/"), "chdir");
	run(GOOD);
}

/* Out of a chroot and back, with a working directory outside. */
ATTEMPT(root_above)
{
	must(chdir("/opt"), "chdir");
	must(chroot("/opt/evil"), "chroot");
	must(chroot("../work/.."), "chroot");
	run(EVIL);
}

/* Nor is the host: arguments are one of its processes and a path there, which the policy lists. */
ATTEMPT(host_mount_namespace)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/ns/mnt", arguments[0]);
	must(setns(must(open(path, O_RDONLY), path), CLONE_NEWNS), "setns");
	run(arguments[1]);
}

ATTEMPT(host_root_through_proc)
{
	char path[512];

	snprintf(path, sizeof(path), "/proc/%s/root%s", arguments[0], arguments[1]);
	run(path);
}
