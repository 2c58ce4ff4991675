/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For libFuzzer, with sanitizers: no input makes the parser read or write where it must not, or leaves more than there is
 * room for. The first byte says how much of the input is not the message. */
#include "dns.h"
#include <stddef.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
	u32 start, end;

	if (size < 1 || size > 65535)
		return 0;
	start = bytes[0] & 31;
	if (start > size)
		return 0;
	end = size - (bytes[0] >> 5);
	if (end < start)
		return 0;
	believed(bytes, size, start, end);
	if (room.records > DNS_LIMIT_RECORDS || room.links > DNS_LIMIT_CHAIN || room.length > DNS_MOST_NAME ||
	    room.labels > DNS_MOST_LABELS)
		__builtin_trap();
	return 0;
}
