/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments: the file of tables. Reads connections from stdin: how many segments (two bytes), then for each its sequence
 * number, urgent pointer and length (four bytes each) and its payload. Writes for each connection a byte: at which segment
 * (from 1) a miner was heard, 0: at none, 255: at a later one. None: the end of a batch. */
#include "payload.h"

#define HEADERS 40

int main(int argc, char **argv)
{
	static unsigned char packet[HEADERS + 65536];
	unsigned short count;

	if (argc != 2 || read_tables(argv[1]))
		return 1;
	memset(packet, '"', HEADERS);
	while (fread(&count, sizeof(count), 1, stdin) == 1) {
		unsigned char heard = 0;

		new_connection();
		for (unsigned int i = 1; i <= count; i++) {
			struct {
				u32 seq, urgent, length;
			} head;

			if (fread(&head, sizeof(head), 1, stdin) != 1 || head.length > 65536 ||
			    fread(packet + HEADERS, 1, head.length, stdin) != head.length)
				return 1;
			if (!heard && segment(packet, HEADERS, head.length, head.seq, head.urgent))
				heard = i < 255 ? i : 255;
		}
		fwrite(&heard, 1, 1, stdout);
		if (count == 0)
			fflush(stdout);
	}
	return 0;
}
