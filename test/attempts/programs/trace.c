/* SPDX-License-Identifier: Apache-2.0 */
/* Into other processes: what runs there is not what its policy knows. The one that is aimed at is a child that waits, or,
 * where arguments[0] is a number, a process outside of the container. */
#include "attempt.h"
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

static char memory[64];

static pid_t target(void)
{
	pid_t pid;

	if (arguments[0])
		return atoi(arguments[0]);
	pid = must(fork(), "fork");
	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void release(pid_t pid)
{
	if (arguments[0])
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

ATTEMPT(traced)
{
	pid_t pid = target();
	long result = ptrace(PTRACE_ATTACH, pid, 0, 0);

	if (result == 0) {
		waitpid(pid, NULL, __WALL);
		ptrace(PTRACE_DETACH, pid, 0, 0);
	}
	mark_if("attach", result == 0);
	release(pid);
}

ATTEMPT(seized)
{
	pid_t pid = target();

	mark_if("seize", ptrace(PTRACE_SEIZE, pid, 0, 0) == 0);
	release(pid);
}

ATTEMPT(asked_to_trace)
{
	int status;
	pid_t pid = must(fork(), "fork");

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0)) {
			said("traceme", -1);
			_exit(0);
		}
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	mark_if("stopped", WIFSTOPPED(status));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

ATTEMPT(memory_of_other)
{
	char path[64];
	pid_t pid = target();
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	fd = open(path, O_RDWR);
	mark_if(path, fd >= 0);
	release(pid);
}

ATTEMPT(written_into_other)
{
	pid_t pid = target();
	struct iovec here = {"x", 1}, there = {memory, 1};

	mark_if("process_vm_writev", process_vm_writev(pid, &here, 1, &there, 1, 0) == 1);
	release(pid);
}

ATTEMPT(descriptor_of_other)
{
	pid_t pid = target();
	int fd = must(syscall(SYS_pidfd_open, pid, 0), "pidfd_open");

	mark_if("pidfd_getfd", syscall(SYS_pidfd_getfd, fd, 1, 0) >= 0);
	release(pid);
}

/* The tracer is told when the new image is in place, and may change it before it runs. */
ATTEMPT(exec_under_trace)
{
	pid_t pid = must(fork(), "fork");
	int status;

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execl(EVIL, EVIL, NULL);
		_exit(126);
	}
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC);
	ptrace(PTRACE_CONT, pid, 0, 0);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		dprintf(1, "stopped by %d, event %d\n", WSTOPSIG(status), status >> 16);
		ptrace(PTRACE_CONT, pid, 0, 0);
	}
	dprintf(1, "ended with %x\n", status);
}

#ifdef __x86_64__
/* /bin/keeper may start the forbidden program, and nobody else: it is made to. */
ATTEMPT(exec_in_other)
{
	/* execve(path, NULL, NULL): mov eax, 59; xor esi, esi; xor edx, edx; syscall */
	static const unsigned char code[] = {0xb8, 59, 0, 0, 0, 0x31, 0xf6, 0x31, 0xd2, 0x0f, 0x05};
	struct user_regs_struct regs;
	char block[64] = {0};
	int status;
	pid_t pid = must(fork(), "fork");

	if (pid == 0) {
		execl("/bin/keeper", "keeper", "stays", NULL);
		_exit(126);
	}
	usleep(100000);
	if (ptrace(PTRACE_ATTACH, pid, 0, 0)) {
		said("attach", -1);
		release(pid);
		return;
	}
	waitpid(pid, &status, __WALL);
	must(ptrace(PTRACE_GETREGS, pid, 0, &regs), "getregs");
	regs.rip &= ~7ULL;
	memcpy(block, code, sizeof(code));
	strcpy(block + 32, EVIL);
	for (size_t i = 0; i < sizeof(block); i += 8) {
		long word;

		memcpy(&word, block + i, 8);
		must(ptrace(PTRACE_POKETEXT, pid, regs.rip + i, word), "poke");
	}
	regs.rdi = regs.rip + 32;
	regs.orig_rax = -1;
	must(ptrace(PTRACE_SETREGS, pid, 0, &regs), "setregs");
	ptrace(PTRACE_DETACH, pid, 0, 0);
	waitpid(pid, &status, 0);
}
#endif

/* arguments: the agent's process and a signal. Whatever becomes of it, the forbidden program is tried after that. */
ATTEMPT(signals_agent)
{
	said("kill", kill(atoi(arguments[0]), atoi(arguments[1])));
	for (int i = 0; i < 20; i++) {
		usleep(20000);
		run(EVIL);
	}
}
