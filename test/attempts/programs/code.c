/* SPDX-License-Identifier: Apache-2.0 */
/* Code that no exec brings in: mapped, made executable, loaded. */
#include "attempt.h"
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/uio.h>

#define PAGE 4096

static void *map_file(const char *path, int protection, int flags)
{
	int fd = must(open(path, O_RDONLY), path);
	void *at = mmap(NULL, PAGE, protection, flags, fd, 0);

	close(fd);
	return at;
}

ATTEMPT(mapped_file)
{
	write_code("/work/code");
	call(map_file("/work/code", PROT_READ | PROT_EXEC, MAP_PRIVATE));
}

ATTEMPT(mapped_shared)
{
	write_code("/work/code");
	call(map_file("/work/code", PROT_READ | PROT_EXEC, MAP_SHARED));
}

ATTEMPT(mapped_from_temporary)
{
	write_code("/tmp/code");
	call(map_file("/tmp/code", PROT_READ | PROT_EXEC, MAP_PRIVATE));
}

ATTEMPT(mapped_memory_file)
{
	write_code("/work/code");
	call(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, memory_file("x", "/work/code"), 0));
}

ATTEMPT(mapped_deleted)
{
	int fd;

	write_code("/work/code");
	fd = must(open("/work/code", O_RDONLY), "open");
	must(unlink("/work/code"), "unlink");
	call(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0));
}

ATTEMPT(mapped_overwritten)
{
	write_code("/share/evil.so");
	call(map_file("/share/evil.so", PROT_READ | PROT_EXEC, MAP_PRIVATE));
}

ATTEMPT(mapped_then_protected)
{
	void *at;

	write_code("/work/code");
	at = map_file("/work/code", PROT_READ, MAP_PRIVATE);
	said("mprotect", mprotect(at, PAGE, PROT_READ | PROT_EXEC));
	call(at);
}

/* Reading implies executing, if the process says so. */
ATTEMPT(mapped_to_read)
{
	write_code("/work/code");
	must(personality(READ_IMPLIES_EXEC), "personality");
	call(map_file("/work/code", PROT_READ, MAP_PRIVATE));
}

ATTEMPT(protected_to_read)
{
	void *at;

	write_code("/work/code");
	at = map_file("/work/code", PROT_NONE, MAP_PRIVATE);
	must(personality(READ_IMPLIES_EXEC), "personality");
	said("mprotect", mprotect(at, PAGE, PROT_READ));
	call(at);
}

ATTEMPT(shared_memory)
{
	int id = must(shmget(IPC_PRIVATE, PAGE, 0700), "shmget");
	char *at = shmat(id, NULL, 0);

	memcpy(at, code_start, CODE_SIZE);
	at = shmat(id, NULL, SHM_EXEC | SHM_RDONLY);
	shmctl(id, IPC_RMID, NULL);
	call(at);
}

/* Pages of the image's own file, changed in memory. */
ATTEMPT(modified_image_pages)
{
	char *at = map_file(GOOD, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	memcpy(at, code_start, CODE_SIZE);
	said("mprotect", mprotect(at, PAGE, PROT_READ | PROT_EXEC));
	call(at);
}

ATTEMPT(writable_image_pages)
{
	char *at = map_file(GOOD, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE);

	if (at != MAP_FAILED)
		memcpy(at, code_start, CODE_SIZE);
	call(at);
}

/* Executable first, made writable, written: nothing is made executable any more. */
ATTEMPT(executable_made_writable)
{
	char *at = map_file(GOOD, PROT_READ | PROT_EXEC, MAP_PRIVATE);

	if (at == MAP_FAILED || mprotect(at, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC)) {
		said("mprotect", -1);
		return;
	}
	memcpy(at, code_start, CODE_SIZE);
	call(at);
}

ATTEMPT(anonymous)
{
	char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at != MAP_FAILED)
		memcpy(at, code_start, CODE_SIZE);
	call(at);
}

ATTEMPT(anonymous_shared)
{
	char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	memcpy(at, code_start, CODE_SIZE);
	said("mprotect", mprotect(at, PAGE, PROT_READ | PROT_EXEC));
	call(at);
}

ATTEMPT(anonymous_then_protected)
{
	char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(at, code_start, CODE_SIZE);
	said("mprotect", mprotect(at, PAGE, PROT_READ | PROT_EXEC));
	call(at);
}

ATTEMPT(heap)
{
	char *at = sbrk(3 * PAGE);

	at = (char *)(((uintptr_t)at + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
	memcpy(at, code_start, CODE_SIZE);
	said("mprotect", mprotect(at, PAGE, PROT_READ | PROT_EXEC));
	call(at);
}

ATTEMPT(stack)
{
	char room[3 * PAGE];
	char *at = (char *)(((uintptr_t)room + PAGE - 1) & ~(uintptr_t)(PAGE - 1));

	memcpy(at, code_start, CODE_SIZE);
	said("mprotect", mprotect(at, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
	call(at);
}

/* Its own text, through the file that shows its memory: no mapping changes. */
__attribute__((noinline, aligned(256))) static void victim(void)
{
	__asm__ volatile(".rept 256\n nop\n .endr");
}

ATTEMPT(own_memory_file)
{
	int fd = open("/proc/self/mem", O_RDWR);

	said("open", fd);
	if (fd < 0)
		return;
	if (pwrite(fd, code_start, CODE_SIZE, (uintptr_t)victim) < 0)
		unsupported("writing to what may not be written, by /proc/self/mem");
	victim();
}

/* The same in a child, which it traces: who traces may write everywhere. */
ATTEMPT(memory_file_of_child)
{
	char path[64];
	int fd, status;
	pid_t pid = must(fork(), "fork");

	if (pid == 0) {
		must(ptrace(PTRACE_TRACEME, 0, NULL, NULL), "ptrace");
		raise(SIGSTOP);
		victim();
		_exit(0);
	}
	must(waitpid(pid, &status, WUNTRACED), "wait");
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	said("open", fd);
	if (fd >= 0 && pwrite(fd, code_start, CODE_SIZE, (uintptr_t)victim) < 0)
		unsupported("writing to what may not be written, by /proc/PID/mem");
	must(ptrace(PTRACE_DETACH, pid, NULL, NULL), "detach");
	waitpid(pid, &status, 0);
}

static void load(const char *library)
{
	char *const argv[] = {"loads", (char *)library, NULL};

	run_with("/bin/loads", argv, environ);
}

ATTEMPT(library_from_temporary)
{
	copy("/share/evil.so", "/tmp/evil.so");
	load("/tmp/evil.so");
}

ATTEMPT(library_in_memory)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory_file("x", "/share/evil.so"));
	load(path);
}

ATTEMPT(library_overwritten)
{
	copy("/share/evil.so", "/work/x");
	must(rename("/work/x", "/share/good.so"), "rename");
	load("/share/good.so");
}

static void loads_with(char *variable)
{
	char *const argv[] = {"loads", NULL}, *const envp[] = {variable, NULL};

	copy("/share/evil.so", "/work/evil.so");
	run_with("/bin/loads", argv, envp);
}

ATTEMPT(preloaded)
{
	loads_with("LD_PRELOAD=/work/evil.so");
}

ATTEMPT(auditing_library)
{
	loads_with("LD_AUDIT=/work/evil.so");
}

ATTEMPT(preloaded_by_file)
{
	copy("/share/evil.so", "/work/evil.so");
	mkdir("/etc", 0755);
	write_text("/etc/ld.so.preload", "/work/evil.so\n", 0644);
	run("/bin/loads");
}

/* arguments[0]: the loader, which the policy allows here. */
ATTEMPT(loader)
{
	char *const argv[] = {"loader", "/work/evil", NULL};

	copy("/share/dynamic-evil", "/work/evil");
	run_with(arguments[0], argv, environ);
}

ATTEMPT(loader_not_allowed)
{
	char *const argv[] = {"loader", "/share/dynamic-evil", NULL};

	run_with(arguments[0], argv, environ);
}

ATTEMPT(loader_preloads)
{
	char *const argv[] = {"loader", "--preload", "/work/evil.so", "/bin/loads", NULL};

	copy("/share/evil.so", "/work/evil.so");
	run_with(arguments[0], argv, environ);
}

/* Every dynamic program is started by it. */
ATTEMPT(loader_overwritten)
{
	copy(EVIL, "/work/x");
	must(rename("/work/x", arguments[0]), "rename");
	run("/bin/loads");
}
