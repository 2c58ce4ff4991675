/* SPDX-License-Identifier: Apache-2.0 */
/* Its first instruction is its last: no such instruction. */
__asm__(".globl _start\n"
	"_start:\n"
#if defined(__x86_64__)
	"  ud2\n"
#else
	"  udf #0\n"
#endif
);
