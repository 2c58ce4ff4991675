/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads messages from stdin (length in four bytes, then the message) and writes for each what would be learned: how many
 * addresses in two bytes, then for each its family, 16 bytes and its seconds. The message lies in a packet, other bytes
 * around it. */
#include "dns.h"
#include <stdio.h>

#define AROUND 28

int main(void)
{
	static unsigned char packet[AROUND + 65536 + AROUND];
	u32 length;

	while (fread(&length, sizeof(length), 1, stdin) == 1) {
		unsigned short count = 0;

		if (length > 65535 || fread(packet + AROUND, 1, length, stdin) != length)
			return 1;
		memset(packet, 0xc0, AROUND);
		memset(packet + AROUND + length, 1, AROUND);
		if (!believed(packet, AROUND + length + AROUND, AROUND, AROUND + length))
			room.records = 0;
		for (u32 i = 0; i < room.records; i++)
			count += room.record[i].family != 0;
		fwrite(&count, sizeof(count), 1, stdout);
		for (u32 i = 0; i < room.records; i++) {
			struct dns_record *record = &room.record[i];

			if (!record->family)
				continue;
			fwrite(&record->family, 1, 1, stdout);
			fwrite(record->address, 16, 1, stdout);
			fwrite(&record->seconds, 4, 1, stdout);
		}
		/* Whoever writes a batch ends it with an empty message. */
		if (length == 0)
			fflush(stdout);
	}
	return 0;
}
