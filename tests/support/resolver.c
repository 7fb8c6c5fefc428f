/* getaddrinfo of a world of our own, for tests: what a name ending in ".test"
 * means stands in a file of that name in the folder RESOLVER, one address a line.
 * If the file is a pipe, a look-up takes until somebody has written.  Each one adds an
 * octet to the file "asked". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int lookup(const char *, const char *, const struct addrinfo *,
                   struct addrinfo **);

static FILE *folder_file(const char *name, const char *mode)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", getenv("RESOLVER"), name);
    return fopen(path, mode);
}

static void count(void)
{
    FILE *asked = folder_file("asked", "a");
    if (asked != NULL) {
        fputc('.', asked);
        fclose(asked);
    }
}

static int look_up(lookup *genuine, const char *node, const char *service,
                   const struct addrinfo *hints, struct addrinfo **found)
{
    char line[256];
    struct addrinfo **end = found;
    FILE *file = folder_file(node, "r");
    *found = NULL;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = 0;
        if (genuine(line, service, hints, end) != 0)
            *end = NULL; /* of another family than is asked for */
        while (*end != NULL)
            end = &(*end)->ai_next;
    }
    if (file != NULL)
        fclose(file);
    return *found != NULL ? 0 : EAI_NONAME;
}

int getaddrinfo(const char *node, const char *service,
                const struct addrinfo *hints, struct addrinfo **found)
{
    lookup *genuine = (lookup *)dlsym(RTLD_NEXT, "getaddrinfo");
    size_t size = node != NULL ? strlen(node) : 0;
    if (size < 5 || strcmp(node + size - 5, ".test") != 0)
        return genuine(node, service, hints, found);
    count();
    return look_up(genuine, node, service, hints, found);
}
