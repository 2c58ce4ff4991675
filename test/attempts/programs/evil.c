/* SPDX-License-Identifier: Apache-2.0 */
/* The forbidden program: its first instructions write to descriptor 5. As a library it does so when it is loaded. */
static long call3(long number, long a, const void *b, long c)
{
	long result;

#if defined(__x86_64__)
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x2 __asm__("x2") = c;
	register const void *x1 __asm__("x1") = b;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	result = x0;
#endif
	return result;
}

#if defined(__x86_64__)
enum { WRITE = 1, EXIT_GROUP = 231 };
#else
enum { WRITE = 64, EXIT_GROUP = 94 };
#endif

#ifndef TEXT
#define TEXT "ran\n"
#endif

static void say(void)
{
	const char text[] = TEXT;

	call3(WRITE, 5, text, sizeof(text) - 1);
}

#ifdef LIBRARY
__attribute__((constructor)) static void loaded(void)
{
	say();
}
#else
void _start(void)
{
	say();
	call3(EXIT_GROUP, 0, 0, 0);
}
#endif
