/* SPDX-License-Identifier: Apache-2.0 */
/* An ordinary dynamic program. Without an argument it does nothing; with one it loads that library. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	if (argc > 1 && !dlopen(argv[1], RTLD_NOW))
		printf("%s\n", dlerror());
	return 0;
}
