/* SPDX-License-Identifier: Apache-2.0 */
/* Around the hooks of sockets: devices that take packets, tunnels, other network namespaces, other families. */
#include "net.h"
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

static void set(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	said(path, fd < 0 ? -1 : write(fd, text, strlen(text)));
	close(fd);
}

/* A packet written to a device has no socket; forwarded, it leaves. Path for the device's node: arguments[5]. */
ATTEMPT(tun_forwarded)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	struct sockaddr_in *own = (void *)&request.ifr_addr;
	union address to = forbidden(0);
	uint8_t packet[256];
	struct iphdr *ip = (void *)packet;
	size_t size;
	int tun, control = datagram(AF_INET);

	mknod(arguments[5], S_IFCHR | 0600, makedev(10, 200));
	tun = open(arguments[5], O_RDWR | O_CLOEXEC);
	if (tun < 0)
		unsupported("tun");
	snprintf(request.ifr_name, IFNAMSIZ, "n%d", getpid());
	if (ioctl(tun, TUNSETIFF, &request) < 0) {
		said("TUNSETIFF", -1);
		_exit(errno == EPERM ? 0 : 77);
	}
	own->sin_family = AF_INET;
	inet_pton(AF_INET, "10.66.0.1", &own->sin_addr);
	said("address", ioctl(control, SIOCSIFADDR, &request));
	inet_pton(AF_INET, "255.255.255.0", &own->sin_addr);
	said("netmask", ioctl(control, SIOCSIFNETMASK, &request));
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	said("up", ioctl(control, SIOCSIFFLAGS, &request));
	set("/proc/sys/net/ipv4/ip_forward", "1");
	set("/proc/sys/net/ipv4/conf/all/rp_filter", "0");
	size = 20 + udp_packet(packet + 20, PORT);
	memset(ip, 0, 20);
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = htons(size);
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	inet_pton(AF_INET, "10.66.0.2", &ip->saddr);
	ip->daddr = to.four.sin_addr.s_addr;
	ip->check = sum_of(ip, 20, 0);
	for (int i = 0; i < 5; i++) {
		said("write", write(tun, packet, size));
		usleep(50000);
	}
}

static int ip(char *const argv[])
{
	return run_with(argv[0], argv, environ);
}

/* Through an address that is allowed, whose tunnel leads to one that is not. Path of `ip`: arguments[5]. */
ATTEMPT(tunnel)
{
	char device[16];
	int fd = datagram(AF_INET);

	snprintf(device, sizeof(device), "n%d", getpid());
	if (ip((char *[]){arguments[5], "link", "add", device, "type", "vxlan", "id", arguments[6], "remote",
			  arguments[0], "dstport", "4789", "dev", DEVICE, NULL}) &&
	    access("/sys/module/vxlan", F_OK) < 0)
		unsupported("vxlan");
	ip((char *[]){arguments[5], "link", "set", device, "up", NULL});
	ip((char *[]){arguments[5], "route", "add", "10.77.254.0/24", "dev", device, NULL});
	ip((char *[]){arguments[5], "neigh", "add", "10.77.254.9", "lladdr", "02:00:00:00:00:09", "dev",
		      device, NULL});
	must(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device) + 1), "the tunnel's device");
	say_to(fd, address_of("10.77.254.9", PORT));
	ip((char *[]){arguments[5], "link", "delete", device, NULL});
}

/* A process of that namespace: arguments[5]. */
ATTEMPT(other_network_namespace)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/ns/net", arguments[5]);
	fd = must(open(path, O_RDONLY | O_CLOEXEC), path);
	must(setns(fd, CLONE_NEWNET), "setns");
	say_to(datagram(AF_INET), forbidden(PORT));
}

/* Opened here, taken along there. */
ATTEMPT(other_network_namespace_before)
{
	char path[64];
	int fd, sender = datagram(AF_INET);

	snprintf(path, sizeof(path), "/proc/%s/ns/net", arguments[5]);
	fd = must(open(path, O_RDONLY | O_CLOEXEC), path);
	must(setns(fd, CLONE_NEWNET), "setns");
	say_to(sender, forbidden(PORT));
	say_to(datagram(AF_INET), forbidden(PORT));
}

/* Of the family, type and protocol in arguments[5] to [7]. */
ATTEMPT(family)
{
	int fd = socket(atoi(arguments[5]), atoi(arguments[6]), atoi(arguments[7]));

	if (fd < 0 && errno != EPERM && errno != EACCES)
		unsupported("socket");
	mark_if("socket", fd >= 0);
}
