/* SPDX-License-Identifier: Apache-2.0 */
#include "attempt.h"

extern const struct attempt __start_attempts[], __stop_attempts[];
char **arguments;

__asm__(".pushsection .rodata\n"
	".balign 64\n"
	".globl code_start, code_end\n"
#if defined(__x86_64__)
	"code_start:\n"
	"  endbr64\n"
	"  mov $1, %eax\n"
	"  mov $5, %edi\n"
	"  lea 1f(%rip), %rsi\n"
	"  mov $4, %edx\n"
	"  syscall\n"
	"  ret\n"
	"1: .ascii \"ran\\n\"\n"
#elif defined(__aarch64__)
	"code_start:\n"
	"  mov x8, #64\n"
	"  mov x0, #5\n"
	"  adr x1, 1f\n"
	"  mov x2, #4\n"
	"  svc #0\n"
	"  ret\n"
	"1: .ascii \"ran\\n\"\n"
#else
#error "unknown architecture"
#endif
	"code_end:\n"
	".popsection\n");

long must(long result, const char *what)
{
	if (result >= 0)
		return result;
	dprintf(2, "cannot prepare: %s: %s\n", what, strerror(errno));
	_exit(1);
}

void unsupported(const char *what)
{
	dprintf(2, "unsupported: %s: %s\n", what, strerror(errno));
	_exit(77);
}

void said(const char *what, long result)
{
	dprintf(1, "%s: %s\n", what, result < 0 ? strerror(errno) : "done");
}

void mark(void)
{
	(void)!write(MARK, "ran\n", 4);
}

void mark_if(const char *what, bool succeeded)
{
	said(what, succeeded ? 0 : -1);
	if (succeeded)
		mark();
}

static int wait_for(pid_t pid, const char *what)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		dprintf(1, "%s: signal %d\n", what, WTERMSIG(status));
	else
		dprintf(1, "%s: status %d\n", what, WEXITSTATUS(status));
	return status;
}

int run_with(const char *path, char *const argv[], char *const envp[])
{
	pid_t pid = must(fork(), "fork");

	if (pid == 0) {
		execve(path, argv, envp);
		said(path, -1);
		_exit(126);
	}
	return wait_for(pid, path);
}

int run(const char *path)
{
	char *const argv[] = {(char *)path, NULL};

	return run_with(path, argv, environ);
}

int run_fd(int fd)
{
	char *const argv[] = {"program", NULL};
	pid_t pid = must(fork(), "fork");

	if (pid == 0) {
		syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
		said("execveat", -1);
		_exit(126);
	}
	return wait_for(pid, "descriptor");
}

int in_child(void (*act)(void))
{
	pid_t pid = must(fork(), "fork");

	if (pid == 0) {
		act();
		_exit(0);
	}
	return wait_for(pid, "child");
}

void copy(const char *from, const char *to)
{
	char buffer[65536];
	int in = must(open(from, O_RDONLY | O_CLOEXEC), from),
	    out = must(open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755), to);
	ssize_t length;

	while ((length = read(in, buffer, sizeof(buffer))) > 0)
		must(write(out, buffer, length), to);
	fchmod(out, 0755);
	close(in);
	close(out);
}

void write_file(const char *path, const void *data, size_t size, mode_t mode)
{
	int out = must(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode), path);

	must(write(out, data, size), path);
	close(out);
}

void write_text(const char *path, const char *text, mode_t mode)
{
	write_file(path, text, strlen(text), mode);
}

void write_code(const char *path)
{
	char page[4096] = {0};

	memcpy(page, code_start, CODE_SIZE);
	write_file(path, page, sizeof(page), 0755);
}

void call(void *code)
{
	pid_t pid;

	if (code == MAP_FAILED) {
		said("map", -1);
		return;
	}
	pid = must(fork(), "fork");
	if (pid == 0) {
		((void (*)(void))code)();
		_exit(0);
	}
	wait_for(pid, "call");
}

int memory_file(const char *name, const char *content_of)
{
	char path[64];
	int fd = must(memfd_create(name, 0), "memfd_create");

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy(content_of, path);
	return must(open(path, O_RDONLY), path);
}

int main(int argc, char **argv)
{
	const struct attempt *row;

	signal(SIGPIPE, SIG_IGN);
	arguments = argv + 2;
	for (row = __start_attempts; argc > 1 && row < __stop_attempts; row++) {
		if (strcmp(row->name, argv[1]))
			continue;
		row->run();
		return 0;
	}
	for (row = __start_attempts; argc == 1 && row < __stop_attempts; row++)
		printf("%s\n", row->name);
	return argc == 1 ? 0 : 1;
}

/* As an interpreter, and as what others start: says that it ran. */
ATTEMPT(says)
{
	mark();
}

/* Stays until it is killed. */
ATTEMPT(stays)
{
	dprintf(1, "here\n");
	pause();
}
