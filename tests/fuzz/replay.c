/* replay.c - the inputs of decoder.c, given as files, without libFuzzer: for
 * valgrind, which cannot read what clang makes of it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { LARGEST = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *count, char ***arguments);

static int replay(const char *name)
{
    FILE *file = fopen(name, "rb");
    uint8_t *data = malloc(LARGEST);
    if (file == NULL || data == NULL)
        return 1;
    size_t size = fread(data, 1, LARGEST, file);
    fclose(file);
    data = realloc(data, size + 1); /* so that a read behind it is seen */
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

int main(int count, char **arguments)
{
    int failed = 0;
    LLVMFuzzerInitialize(&count, &arguments);
    for (int i = 1; i < count; i++)
        failed += replay(arguments[i]);
    printf("%d inputs\n", count - 1);
    return failed;
}
