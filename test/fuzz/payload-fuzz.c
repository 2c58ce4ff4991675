/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For libFuzzer, with sanitizers: no connection makes what looks into it read or write where it must not, or look at more
 * than it should. UNDERPIN_TABLES names the file of tables. Each segment: a byte for its length, one for how much of
 * it was sent before, one for its urgent pointer, its payload. */
#include "payload.h"
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *path = getenv("UNDERPIN_TABLES");

	if (!path || read_tables(path))
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
	u32 seq = 0xffffff80; /* it wraps */

	new_connection();
	while (size > 3) {
		u32 length = bytes[0], again = bytes[1] & 15, urgent = bytes[2];
		struct packet_bytes packet;

		if (length > size - 3)
			length = size - 3;
		seq -= again;
		segment(bytes, 3, length, seq, urgent);
		if (room.inspection.ours.bytes > LIMIT_INSPECT)
			__builtin_trap();
		packet = (struct packet_bytes){.length = 3 + length, .bytes = bytes};
		room.packet.payload = 3;
		client_hello((void *)&packet, 0);
		if (unseen_of(&room)->length > LIMIT_NAME)
			__builtin_trap();
		seq += length;
		bytes += 3 + length;
		size -= 3 + length;
	}
	return 0;
}
