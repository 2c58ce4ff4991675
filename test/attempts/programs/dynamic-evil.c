/* SPDX-License-Identifier: Apache-2.0 */
/* The forbidden program as one that needs a loader. */
#include <unistd.h>

int main(void)
{
	return write(5, "ran\n", 4) != 4;
}
