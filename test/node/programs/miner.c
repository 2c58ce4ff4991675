/* SPDX-License-Identifier: Apache-2.0 */
/* miner ADDRESS PORT WORKER: speaks to a mining pool as miners do and computes nothing: subscribes, logs in as WORKER,
 * answers every job with a share that is none, and prints a line for what comes of it. Connects again after a second, for ever, when it was cut off, or silence lasts. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int reach(const char *address, int port)
{
	struct sockaddr_in pool = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct timeval patience = {.tv_sec = 5};
	int connection = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, address, &pool.sin_addr);
	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(connection, (struct sockaddr *)&pool, sizeof(pool)) == 0)
		return connection;
	perror("connect");
	close(connection);
	return -1;
}

static void mine(int connection, const char *worker)
{
	char text[4096], *line;
	int jobs = 0,
	    length = snprintf(text, sizeof(text),
			      "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"imitation/1\"]}\n"
			      "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"%s\",\"x\"]}\n",
			      worker);
	FILE *pool = fdopen(connection, "r");

	if (write(connection, text, length) != length)
		perror("write");
	else
		while ((line = fgets(text, sizeof(text), pool)))
			if (strstr(line, "mining.notify")) {
				if (!jobs++)
					puts("mining");
				dprintf(connection,
					"{\"id\":3,\"method\":\"mining.submit\",\"params\":[\"%s\",\"0\","
					"\"00\",\"00\",\"00\"]}\n",
					worker);
			}
	puts("cut off");
	fclose(pool);
}

int main(int count, char **arguments)
{
	if (count < 4)
		return 2;
	setvbuf(stdout, 0, _IOLBF, 0);
	for (;; sleep(1)) {
		int connection = reach(arguments[1], atoi(arguments[2]));

		if (connection >= 0)
			mine(connection, arguments[3]);
	}
}
