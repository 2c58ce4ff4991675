/* SPDX-License-Identifier: Apache-2.0 */
/* What every attempt has at hand. One static program holds all of them: `try NAME` makes the attempt NAME in a container
 * whose image is described in ../image.ts. Nothing that is forbidden writes to MARK unless it runs.
 * Exit status: 0 it was tried, 1 its preparation failed, 77 this kernel does not offer what it needs. */
#ifndef ATTEMPT_H
#define ATTEMPT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK 5
#define EVIL "/bin/evil"
#define GOOD "/bin/good"

struct attempt {
	const char *name;
	void (*run)(void);
};

/* ATTEMPT(name) { ... }: found by its name through the section. */
#define ATTEMPT(id)                                                                                          \
	static void id(void);                                                                                \
	static const struct attempt id##_row                                                                 \
		__attribute__((section("attempts"), used, aligned(8))) = {#id, id};                          \
	static void id(void)

/* argv after the attempt's name. */
extern char **arguments;
extern char **environ;

/* Machine code that writes to MARK and returns; runs at any address. */
extern const char code_start[], code_end[];
#define CODE_SIZE ((size_t)(code_end - code_start))

long must(long result, const char *what);
void unsupported(const char *what);
void said(const char *what, long result);

/* "ran", where nothing else can: for what is forbidden and is no program. */
void mark(void);
void mark_if(const char *what, bool succeeded);

/* A child that becomes this program; waits for it, and says how it ended. */
int run(const char *path);
int run_with(const char *path, char *const argv[], char *const envp[]);
/* By its descriptor. */
int run_fd(int fd);
/* A child that calls this; waits for it. */
int in_child(void (*act)(void));

void copy(const char *from, const char *to);
void write_file(const char *path, const void *data, size_t size, mode_t mode);
void write_text(const char *path, const char *text, mode_t mode);
/* A file with `code_start` at the beginning of a page. */
void write_code(const char *path);
/* Jumps there, in a child, if it is not MAP_FAILED. */
void call(void *code);
int memory_file(const char *name, const char *content_of);

#endif
