/* SPDX-License-Identifier: Apache-2.0 */
/* Forbidden scripts of an allowed interpreter, /bin/sh; and interpreters of other kinds. */
#include "attempt.h"

#define SCRIPT "#!/bin/sh\necho ran >&5\n"

ATTEMPT(script)
{
	write_text("/work/script", SCRIPT, 0755);
	run("/work/script");
}

ATTEMPT(script_relative)
{
	write_text("/work/script", SCRIPT, 0755);
	must(chdir("/work"), "chdir");
	run("./script");
}

ATTEMPT(script_by_descriptor)
{
	write_text("/work/script", SCRIPT, 0755);
	run_fd(must(open("/work/script", O_RDONLY), "open"));
}

ATTEMPT(script_in_memory)
{
	write_text("/work/script", SCRIPT, 0755);
	run_fd(memory_file("x", "/work/script"));
}

ATTEMPT(script_of_forbidden)
{
	write_text("/work/script", "#!" EVIL "\n", 0755);
	run("/work/script");
}

/* /opt/script is of the image and allowed. */
ATTEMPT(script_behind_symbolic_link)
{
	write_text("/work/script", SCRIPT, 0755);
	must(unlink("/opt/script"), "unlink");
	must(symlink("/work/script", "/opt/script"), "symlink");
	run("/opt/script");
}

ATTEMPT(script_below_symbolic_link)
{
	must(mkdir("/work/opt", 0755), "mkdir");
	write_text("/work/opt/script", SCRIPT, 0755);
	must(unlink("/opt/scripts/script"), "unlink");
	must(rmdir("/opt/scripts"), "rmdir");
	must(symlink("/work/opt", "/opt/scripts"), "symlink");
	run("/opt/scripts/script");
}

ATTEMPT(script_below_changed_root)
{
	must(mkdir("/work/opt", 0755), "mkdir");
	write_text("/work/opt/script", SCRIPT, 0755);
	must(mkdir("/work/bin", 0755), "mkdir");
	copy(EVIL, "/work/bin/sh");
	must(chroot("/work"), "chroot");
	run("/opt/script");
}

ATTEMPT(script_overwritten)
{
	write_text("/opt/script", SCRIPT, 0755);
	run("/opt/script");
}

ATTEMPT(script_bind_mounted)
{
	write_text("/work/script", SCRIPT, 0755);
	must(mount("/work/script", "/opt/script", NULL, MS_BIND, NULL), "mount");
	run("/opt/script");
}

/* /opt/chain is of the image and allowed; its interpreter is a script where others can write. */
ATTEMPT(script_chain)
{
	write_text("/work/step", SCRIPT, 0755);
	run("/opt/chain");
}

/* An allowed program that reads a script is allowed: what it does is not. The file is, if there are rules for files. */
ATTEMPT(script_as_argument)
{
	char *const argv[] = {"sh", "/work/script", NULL};

	write_text("/work/script", "exec " EVIL "\n", 0644);
	run_with("/bin/sh", argv, environ);
}

static void register_interpreter(void)
{
	static const char row[] = ":underpin:M::UNDERPIN::" EVIL ":";
	int file;

	/* Since 6.7 each user namespace has its own. */
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		unsupported("user namespaces");
	write_text("/proc/self/setgroups", "deny", 0);
	write_text("/proc/self/uid_map", "0 0 1", 0);
	write_text("/proc/self/gid_map", "0 0 1", 0);
	must(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	if (mount("b", "/mnt", "binfmt_misc", 0, ""))
		unsupported("binfmt_misc in a user namespace");
	file = must(open("/mnt/register", O_WRONLY), "register");
	must(write(file, row, sizeof(row) - 1), "register");
}

ATTEMPT(other_interpreter)
{
	copy("/bin/good", "/work/x"); /* what is started is listed: only its interpreter is not */
	register_interpreter();
	write_text("/work/x", "UNDERPIN\n", 0755);
	run("/work/x");
}
