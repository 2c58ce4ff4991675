/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What looks into the first bytes of a connection, compiled for user space, with the tables that the agent writes: a file of
 * rows as user space lays them out for the map `automaton`, after the number of the first state. */
#ifndef UNDERPIN_FUZZ_PAYLOAD_H
#define UNDERPIN_FUZZ_PAYLOAD_H

#include "../../bpf/inspect.bpf.h"
#include "../../bpf/client-hello.bpf.h"
#include <stdio.h>

static struct work room;
static struct control tables;
static struct automaton_row rows[LIMIT_STATES];

static void *bpf_map_lookup_elem(void *map, const void *key)
{
	u32 index = *(const u32 *)key;

	if (map == (void *)&automaton)
		return index < LIMIT_STATES ? &rows[index] : 0;
	if (map == (void *)&control)
		return &tables;
	return map == (void *)&works && index == 0 ? &room : 0;
}

static int read_tables(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t whole;

	if (!file)
		return -1;
	whole = fread(&tables.stratum_start, sizeof(tables.stratum_start), 1, file);
	if (whole == 1)
		whole = fread(rows, sizeof(*rows), LIMIT_STATES, file);
	fclose(file);
	return whole == 0;
}

/* A packet with this payload behind `headers` bytes; whether miners talk so. Who answers is not looked at. */
static int segment(const unsigned char *bytes, u32 headers, u32 length, u32 seq, u32 urgent)
{
	struct packet_bytes packet = {.length = headers + length, .bytes = bytes};

	room.packet.payload = headers;
	room.packet.seq = seq;
	room.packet.urgent = urgent;
	return inspect((void *)&packet, 0);
}

static void new_connection(void)
{
	memset(&room.inspection, 0, sizeof(room.inspection));
}

#endif
