/* lookup NAME...: getaddrinfo for both families, as most programs call it. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all;
		int e = getaddrinfo(argv[i], NULL, &hints, &all);
		printf("%s:", argv[i]);
		if (e) {
			printf(" %s\n", e == EAI_NONAME ? "no such name" : gai_strerror(e));
			continue;
		}
		for (struct addrinfo *a = all; a; a = a->ai_next) {
			char text[INET6_ADDRSTRLEN];
			void *from = a->ai_family == AF_INET ? (void *)&((struct sockaddr_in *)a->ai_addr)->sin_addr
			                                     : (void *)&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr;
			printf(" %s", inet_ntop(a->ai_family, from, text, sizeof text));
		}
		printf("\n");
		freeaddrinfo(all);
	}
	return 0;
}
